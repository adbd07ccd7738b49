#pragma once

#include "actors/detail/door_ref.hpp"
#include "actors/detail/parcel.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstdint>

namespace troupe::detail {

/// Where other threads leave what is for an event loop: a list without a lock, and a bell.
///
/// Outlives its loop where somebody still refers to it (a channel that is kept in a global, say): what
/// comes after the loop's end is discarded.
class loop_door {
public:
  explicit loop_door(boost::asio::io_context& io) noexcept : io_(io) {}
  loop_door(const loop_door&) = delete;
  loop_door& operator=(const loop_door&) = delete;

  // -- any thread --------------------------------------------------------------------------------------

  /// Puts a chain on the list, whose first one is `newest` and whose last one is `oldest`.
  void push(parcel* newest, parcel* oldest);

  // -- the loop's thread -------------------------------------------------------------------------------

  [[nodiscard]] bool empty() const noexcept {
    return inbox_.load(std::memory_order_relaxed) == nullptr;
  }
  /// All that is there, the newest first.
  [[nodiscard]] parcel* take() noexcept {
    return inbox_.exchange(nullptr, std::memory_order_acquire);
  }
  /// From here on the bell is rung; false when something has come before that: do not sleep.
  [[nodiscard]] bool about_to_sleep() noexcept {
    asleep_.store(true);
    return inbox_.load() == nullptr;
  }
  void awake() noexcept { asleep_.store(false); }

  /// The loop ends: discards what is there, and all that comes. Waits for those who are just at it.
  void shut() noexcept;

private:
  friend class door_ref;
  ~loop_door() = default;
  static void discard_all(parcel* newest) noexcept;

  boost::asio::io_context& io_; // not to be touched once it is shut
  std::atomic<std::uint32_t> references_{0};

  // Written by all who send: on a line of their own.
  alignas(64) std::atomic<parcel*> inbox_{nullptr};
  std::atomic<unsigned> at_it_{0};
  std::atomic<bool> shut_{false};
  std::atomic<bool> asleep_{false};
};

} // namespace troupe::detail
