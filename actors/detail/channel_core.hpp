#pragma once

#include "actors/detail/door_ref.hpp"
#include "actors/detail/parcel.hpp"
#include "actors/detail/suspended.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace troupe::detail {

/// A coroutine that waits for room in a channel, with its value, on its way to who makes room and
/// back. Freed by the loop that it ends on.
class sender_ticket : public parcel {
public:
  enum class outcome : std::uint8_t {
    waiting,
    sent,
    refused,
    withdrawing, // by its sender, who destroys the value
    withdrawn,   // and has destroyed it
    dropped,     // by who would have made room: whoever of both comes last frees it
  };

  explicit sender_ticket(event_loop& home) noexcept : home_(home) {}
  virtual ~sender_ticket() = default;

  void arrive() override;
  void discard() noexcept override { delete this; }

  /// False when the other side was first.
  bool claim(outcome how) noexcept {
    auto expected = outcome::waiting;
    return state.compare_exchange_strong(expected, how);
  }
  /// From who makes room and finds that it was withdrawn.
  void drop() noexcept {
    if (state.exchange(outcome::dropped) == outcome::withdrawn)
      delete this;
  }
  /// From its sender. REQUIRES: claimed as `withdrawing`, and the value is destroyed.
  void withdraw() noexcept {
    if (state.exchange(outcome::withdrawn) == outcome::dropped)
      delete this;
  }
  /// Sends it home with its outcome. REQUIRES: claimed.
  void send_home();

  std::atomic<outcome> state{outcome::waiting};
  sender_ticket* next = nullptr;

  // The sender's loop only.
  suspended* waiting = nullptr;
  bool back = false;

private:
  event_loop& home_;
};

/// The part of a channel that does not depend on the type of its values: who waits for what.
///
/// Room is counted by permits, so that a sender of any loop takes its place without asking anybody.
/// Values are taken out on one loop, the home: that of the first who receives. Senders without room
/// leave a ticket; the home serves them in their order as it takes values out. Every flag that one
/// side sets and the other one reads after having left something is sequentially consistent.
class channel_core : public std::enable_shared_from_this<channel_core> {
public:
  explicit channel_core(std::size_t capacity);
  channel_core(const channel_core&) = delete;
  channel_core& operator=(const channel_core&) = delete;
  virtual ~channel_core();

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::size_t size() const noexcept {
    const auto free = permits_.load(std::memory_order_relaxed);
    return capacity_ - static_cast<std::size_t>(free > 0 ? free : 0);
  }
  [[nodiscard]] bool closed() const noexcept { return closed_.load(); }
  void close();

  /// Takes room for one value, which the caller then puts in or gives back.
  bool take_permit() noexcept {
    auto free = permits_.load(std::memory_order_relaxed);
    while (free > 0)
      if (permits_.compare_exchange_weak(free, free - 1, std::memory_order_seq_cst,
                                         std::memory_order_relaxed))
        return true;
    return false;
  }
  void give_permit_back();

  /// A value has been put in: wakes a receiver, if any.
  void value_put() {
    if (is_home())
      hand_out();
    else
      value_put_from_afar();
  }

  /// Puts a sender in line.
  void wait_for_room(sender_ticket& what);
  /// One of those in line has been withdrawn: its ticket goes soon.
  void ticket_withdrawn();

  // -- the home loop ---------------------------------------------------------------------------------

  /// Makes this loop the home; throws std::logic_error when another one is.
  void receive_here();
  /// A value has been taken out.
  void value_taken();
  /// Closed, and nothing is in it, nor on its way into it or to a receiver that may give it back.
  [[nodiscard]] bool drained() const noexcept {
    return closed_.load() && handed_over_ == 0
           && permits_.load() + held_ == static_cast<std::int64_t>(capacity_);
  }
  /// Others wait already: who comes now waits behind them.
  [[nodiscard]] bool somebody_waits() const noexcept { return !receivers_.empty(); }
  /// A receiver has a value and has not gone on yet: it may still give it back.
  void hand_over_begun() noexcept { ++handed_over_; }
  /// It has gone on with it, or has given it back.
  void hand_over_ended() {
    if (--handed_over_ == 0 && closed_.load())
      hand_out(); // the end, to those who wait
  }
  void wait_for_value(suspended& who);
  /// To be called when one has left the list without being handed a value.
  void stopped_waiting() noexcept { parked_.store(!receivers_.empty()); }

protected:
  enum class gift : std::uint8_t { nothing, value, end };
  /// Gives the first value, or that there will be none, to a receiver.
  virtual gift give_to(suspended& receiver) = 0;
  /// Takes the value out of a ticket that was claimed, into the channel.
  virtual void put_from(sender_ticket& what) = 0;

private:
  struct notice;

  void value_put_from_afar() {
    if (!shared_.load(std::memory_order_relaxed))
      shared_.store(true, std::memory_order_relaxed);
    if (parked_.load())
      notify_home();
  }
  [[nodiscard]] bool is_home() const noexcept {
    auto* home = home_.load(std::memory_order_relaxed);
    return home != nullptr && home == current_door();
  }
  void return_held();
  void hand_out();
  void drop_withdrawn();
  void serve_senders();
  bool serve_one_sender();
  void refuse_all();
  void collect_tickets();
  void notify_home();
  void be_notified();

  // Seldom written; what both sides, or one of them, write all the time has cache lines of its own.
  const std::size_t capacity_;
  std::atomic<loop_door*> home_{nullptr}; // with a reference, as long as this lives
  std::atomic<bool> parked_{false};
  std::atomic<bool> shared_{false}; // other loops send, too
  std::atomic<bool> closed_{false};
  std::atomic<bool> notified_{false};
  std::atomic<sender_ticket*> new_tickets_{nullptr}; // the newest first
  std::atomic<int> withdrawn_{0};                    // tickets in line, about

  alignas(64) std::atomic<std::int64_t> permits_;

  // The home loop's.
  alignas(64) wait_list receivers_;
  std::int64_t held_ = 0; // room that is given back together with more: both sides count it
  std::size_t handed_over_ = 0; // receivers that were given a value and have not gone on yet
  bool handing_out_ = false;
  sender_ticket* first_ticket_ = nullptr;
  sender_ticket* last_ticket_ = nullptr;
};

} // namespace troupe::detail
