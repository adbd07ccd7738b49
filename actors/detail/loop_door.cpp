#include "actors/detail/loop_door.hpp"

#include "actors/detail/cycle_clock.hpp"

#include <boost/asio/post.hpp>

#include <thread>

namespace troupe::detail {

door_ref::door_ref(loop_door* to) noexcept : to_(to) {
  if (to_ != nullptr)
    to_->references_.fetch_add(1, std::memory_order_relaxed);
}

door_ref::~door_ref() {
  if (to_ != nullptr && to_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete to_;
}

void loop_door::discard_all(parcel* newest) noexcept {
  while (newest != nullptr)
    std::exchange(newest, newest->next_)->discard();
}

void loop_door::push(parcel* newest, parcel* oldest) {
  at_it_.fetch_add(1); // before shut_ is read, as `shut` reads it after
  if (shut_.load()) {
    at_it_.fetch_sub(1);
    oldest->next_ = nullptr;
    discard_all(newest);
    return;
  }
  push_in_family(newest, oldest);
  at_it_.fetch_sub(1);
}

void loop_door::push_in_family(parcel* newest, parcel* oldest) {
  parcel* before = nullptr; // mostly so; to look first would fetch the line twice
  do {
    oldest->next_ = before;
  } while (!inbox_.compare_exchange_weak(before, newest)); // sequentially consistent, as asleep_ is
  // From here on they belong to the loop.
  if (asleep_.load() && asleep_.exchange(false)) {
    rung_at_.store(cycle_count(), std::memory_order_relaxed);
    boost::asio::post(io_, [] {});
  }
}

void loop_door::shut() noexcept {
  shut_.store(true);
  while (at_it_.load() != 0)
    std::this_thread::yield();
  // Those who are discarded may send something: it is discarded at once.
  discard_all(inbox_.exchange(nullptr));
}

} // namespace troupe::detail
