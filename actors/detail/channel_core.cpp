#include "actors/detail/channel_core.hpp"

#include "actors/detail/event_loop.hpp"

#include <stdexcept>

namespace troupe::detail {

namespace {

/// A receiver gives back the room for so great a part of the capacity at once, when other loops send:
/// the count of free room is what both sides fight for.
constexpr std::size_t held_part = 8;

/// Withdrawn tickets that are left in line.
constexpr int withdrawn_kept = 64;

/// A list that was built with the newest first, the oldest first.
sender_ticket* in_order(sender_ticket* newest) noexcept {
  sender_ticket* out = nullptr;
  while (newest != nullptr) {
    auto* next = newest->next;
    newest->next = out;
    out = newest;
    newest = next;
  }
  return out;
}

} // namespace

void sender_ticket::arrive() {
  back = true;
  if (waiting != nullptr)
    resume_soon(*waiting); // it frees the ticket
  else
    delete this;
}

void sender_ticket::send_home() {
  if (event_loop::current() == &home_)
    arrive();
  else
    home_.send(*this);
}

/// Tells the home loop to look; at most one is under way.
struct channel_core::notice final : parcel {
  void arrive() override {
    of->be_notified();
    delete this;
  }
  void discard() noexcept override { delete this; }
  std::shared_ptr<channel_core> of;
};

channel_core::channel_core(std::size_t capacity)
  : capacity_(capacity), permits_(static_cast<std::int64_t>(capacity)) {
  if (capacity == 0)
    throw std::invalid_argument("a channel holds at least one value");
}

channel_core::~channel_core() {
  collect_tickets();
  while (first_ticket_ != nullptr)
    std::exchange(first_ticket_, first_ticket_->next)->drop(); // withdrawn, all of them
  static_cast<void>(door_ref::adopt(home_.load()));
}

void channel_core::give_permit_back() {
  permits_.fetch_add(1);
  if (parked_.load() || new_tickets_.load() != nullptr)
    notify_home(); // a receiver may wait for the end, a sender for room
}

void channel_core::close() {
  closed_.store(true);
  refuse_all();
  if (is_home())
    be_notified();
  else
    notify_home();
}

/// Those whose tickets nobody has collected yet. Any thread.
void channel_core::refuse_all() {
  for (auto* rest = in_order(new_tickets_.exchange(nullptr)); rest != nullptr;) {
    auto* each = std::exchange(rest, rest->next);
    if (each->claim(sender_ticket::outcome::refused))
      each->send_home();
    else
      each->drop();
  }
}

void channel_core::wait_for_room(sender_ticket& what) {
  auto* before = new_tickets_.load(std::memory_order_relaxed);
  do {
    what.next = before;
  } while (!new_tickets_.compare_exchange_weak(before, &what));
  if (closed_.load())
    refuse_all();
  else if (!is_home())
    notify_home(); // which may hold room back, and wait for something else
  else if (held_ > 0)
    return_held();
  else if (permits_.load() > 0)
    notify_home();
}

void channel_core::ticket_withdrawn() {
  if (withdrawn_.fetch_add(1, std::memory_order_relaxed) < withdrawn_kept)
    return;
  if (is_home())
    drop_withdrawn();
  else if (home_.load() != nullptr)
    notify_home();
  else
    for (auto* rest = in_order(new_tickets_.exchange(nullptr)); rest != nullptr;) { // has no home yet
      auto* each = std::exchange(rest, rest->next);
      if (each->state.load() == sender_ticket::outcome::waiting)
        wait_for_room(*each);
      else
        each->drop(), withdrawn_.fetch_sub(1, std::memory_order_relaxed);
    }
}

void channel_core::notify_home() {
  auto* home = home_.load();
  if (home == nullptr || notified_.exchange(true))
    return;
  auto* made = new notice;
  made->of = shared_from_this();
  send_to_door(*home, *made);
}

// -- the home loop ------------------------------------------------------------------------------------

void channel_core::be_notified() {
  notified_.store(false);
  if (withdrawn_.load(std::memory_order_relaxed) > withdrawn_kept)
    drop_withdrawn();
  if (held_ > 0 && (first_ticket_ != nullptr || new_tickets_.load() != nullptr))
    return_held();
  hand_out();
  serve_senders();
}

void channel_core::drop_withdrawn() {
  collect_tickets();
  auto** link = &first_ticket_;
  last_ticket_ = nullptr;
  while (*link != nullptr) {
    auto* each = *link;
    if (each->state.load() == sender_ticket::outcome::waiting) {
      last_ticket_ = each;
      link = &each->next;
      continue;
    }
    *link = each->next;
    each->drop();
  }
  withdrawn_.store(0, std::memory_order_relaxed);
}

void channel_core::receive_here() {
  if (is_home())
    return;
  door_ref here{current_door()};
  loop_door* nobody = nullptr;
  if (!home_.compare_exchange_strong(nobody, here.get()))
    throw std::logic_error{"a channel is received from on one event loop only"};
  static_cast<void>(here.release()); // the destructor takes it over
  serve_senders();
}

void channel_core::wait_for_value(suspended& who) {
  receivers_.push_back(who);
  parked_.store(true);
  if (held_ > 0)
    return_held();
  hand_out(); // of what has come meanwhile
}

void channel_core::hand_out() {
  if (handing_out_)
    return; // what a value that is taken has made room for: the one below goes on with it
  handing_out_ = true;
  while (!receivers_.empty()) {
    const auto given = give_to(receivers_.front());
    if (given == gift::nothing)
      break;
    if (given == gift::value)
      ++handed_over_;
    resume_soon(receivers_.pop_front());
  }
  handing_out_ = false;
  if (!receivers_.empty())
    return;
  if (parked_.load(std::memory_order_relaxed))
    parked_.store(false);
}

void channel_core::value_taken() {
  if ((first_ticket_ != nullptr || new_tickets_.load(std::memory_order_relaxed) != nullptr)
      && serve_one_sender())
    return; // whose value has taken the room
  ++held_;
  if (!shared_.load(std::memory_order_relaxed)
      || held_ >= static_cast<std::int64_t>(capacity_ / held_part))
    return_held();
}

void channel_core::return_held() {
  permits_.fetch_add(std::exchange(held_, 0));
  if (first_ticket_ != nullptr || new_tickets_.load() != nullptr)
    serve_senders();
}

void channel_core::collect_tickets() {
  auto* fresh = in_order(new_tickets_.exchange(nullptr));
  if (fresh == nullptr)
    return;
  (first_ticket_ == nullptr ? first_ticket_ : last_ticket_->next) = fresh;
  last_ticket_ = fresh;
  while (last_ticket_->next != nullptr)
    last_ticket_ = last_ticket_->next;
}

/// With room at hand: false when no sender waits.
bool channel_core::serve_one_sender() {
  collect_tickets();
  while (first_ticket_ != nullptr) {
    auto& first = *std::exchange(first_ticket_, first_ticket_->next);
    const bool shut = closed_.load();
    if (!first.claim(shut ? sender_ticket::outcome::refused : sender_ticket::outcome::sent)) {
      first.drop();
      continue;
    }
    if (!shut)
      put_from(first);
    first.send_home();
    if (!shut)
      return true;
  }
  return false;
}

void channel_core::serve_senders() {
  collect_tickets();
  while (first_ticket_ != nullptr && (closed_.load() || take_permit())) {
    if (closed_.load()) {
      serve_one_sender(); // refuses them all
    } else if (serve_one_sender()) {
      hand_out();
    } else {
      give_permit_back();
    }
    collect_tickets();
  }
}

} // namespace troupe::detail
