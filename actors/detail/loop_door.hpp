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
  /// `family`: loops of one family end together, when none of them sends any more.
  loop_door(boost::asio::io_context& io, const void* family) noexcept : io_(io), family_(family) {}
  loop_door(const loop_door&) = delete;
  loop_door& operator=(const loop_door&) = delete;

  // -- any thread --------------------------------------------------------------------------------------

  /// Puts a chain on the list, whose first one is `newest` and whose last one is `oldest`.
  void push(parcel* newest, parcel* oldest);
  /// The same from a loop of its family: the loop of this one has not ended.
  void push_in_family(parcel* newest, parcel* oldest);
  [[nodiscard]] const void* family() const noexcept { return family_; }

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
  /// When the bell was last rung (cycle_count), which is before the loop is awake.
  [[nodiscard]] std::uint64_t rung_at() const noexcept {
    return rung_at_.load(std::memory_order_relaxed);
  }

  /// The loop ends: discards what is there, and all that comes. Waits for those who are just at it.
  void shut() noexcept;

private:
  friend class door_ref;
  ~loop_door() = default;
  static void discard_all(parcel* newest) noexcept;

  boost::asio::io_context& io_; // not to be touched once it is shut
  const void* const family_;
  std::atomic<std::uint32_t> references_{0};

  // Each on a line of its own: the loop looks at the first one while others still use the rest.
  alignas(64) std::atomic<parcel*> inbox_{nullptr};
  alignas(64) std::atomic<unsigned> at_it_{0};
  alignas(64) std::atomic<bool> shut_{false}; // seldom written
  std::atomic<bool> asleep_{false};
  std::atomic<std::uint64_t> rung_at_{0};
};

} // namespace troupe::detail
