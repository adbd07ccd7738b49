#include "actors/detail/channel_core.hpp"

#include "actors/detail/event_loop.hpp"

#include <stdexcept>

namespace troupe::detail {

namespace {

/// A receiver gives back the room for so great a part of the capacity at once, when other loops send:
/// the count of free room is what both sides fight for.
constexpr std::size_t held_part = 8;

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
    delete std::exchange(first_ticket_, first_ticket_->next);
}

void channel_core::give_permit_back() {
  permits_.fetch_add(1);
  if (parked_.load() || new_tickets_.load() != nullptr)
    notify_home(); // a receiver may wait for the end, a sender for room
}

void channel_core::close() {
  closed_.store(true);
  refuse_all();
  if (auto* home = home_.load(); home != nullptr) {
    if (home == event_loop::current())
      be_notified();
    else
      notify_home();
  }
}

/// Those whose tickets nobody has collected yet. Any thread.
void channel_core::refuse_all() {
  sender_ticket* in_order = nullptr;
  for (auto* each = new_tickets_.exchange(nullptr); each != nullptr;) {
    auto* next = each->next;
    each->next = in_order;
    in_order = each;
    each = next;
  }
  while (in_order != nullptr) {
    auto* each = std::exchange(in_order, in_order->next);
    if (each->claim(sender_ticket::outcome::refused))
      each->send_home();
    else
      delete each;
  }
}

void channel_core::wait_for_room(sender_ticket& what) {
  auto* before = new_tickets_.load(std::memory_order_relaxed);
  do {
    what.next = before;
  } while (!new_tickets_.compare_exchange_weak(before, &what));
  if (closed_.load())
    refuse_all();
  else if (permits_.load() > 0)
    notify_home();
}

void channel_core::notify_home() {
  auto* home = home_.load();
  if (home == nullptr || notified_.exchange(true))
    return;
  auto* made = new notice;
  made->of = shared_from_this();
  home->send(*made);
}

// -- the home loop ------------------------------------------------------------------------------------

void channel_core::be_notified() {
  notified_.store(false);
  hand_out();
  serve_senders();
}

void channel_core::receive_here() {
  auto* here = event_loop::current();
  auto* home = home_.load(std::memory_order_relaxed);
  if (home == here)
    return;
  if (home != nullptr || !home_.compare_exchange_strong(home, here))
    throw std::logic_error{"a channel is received from on one event loop only"};
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
  while (!receivers_.empty() && give_to(receivers_.front()))
    resume_soon(receivers_.pop_front());
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
  if (new_tickets_.load() != nullptr)
    serve_senders();
}

void channel_core::collect_tickets() {
  sender_ticket* in_order = nullptr;
  for (auto* each = new_tickets_.exchange(nullptr); each != nullptr;) {
    auto* next = each->next;
    each->next = in_order;
    in_order = each;
    each = next;
  }
  if (in_order == nullptr)
    return;
  (first_ticket_ == nullptr ? first_ticket_ : last_ticket_->next) = in_order;
  last_ticket_ = in_order;
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
      delete &first; // withdrawn
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
