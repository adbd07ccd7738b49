#include "actors/detail/letter.hpp"

#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"

namespace troupe::detail {

namespace {

/// Actors that ask actors that ask actors: so deep on the stack, then through the loop.
constexpr unsigned deepest_call = 64;

} // namespace

void add_reference(state_cell& to) noexcept {
  to.add_reference();
}

void drop_reference(state_cell& to) noexcept {
  to.drop_reference();
}

void letter::set_out(asker* by) noexcept {
  asker_ = by;
  home_ = by != nullptr ? event_loop::current() : nullptr;
}

void letter::fail_unsent(asker* by, failure why) {
  failed = std::make_unique<failure>(std::move(why));
  if (by != nullptr)
    by->answered = true;
  else
    delete this;
}

void letter::forget_asker() noexcept {
  asker_ = nullptr;
  if (!near_)
    given_up_.store(true, std::memory_order_release); // from here on it belongs to the other loop
  else if (in_mailbox_)
    to->withdraw(*this);
}

bool letter::send(asker* by) {
  auto* here = event_loop::current();
  auto& there = to->loop();
  set_out(by);
  if (&there != here) {
    there.send(*this);
    return false;
  }
  if (by == nullptr) {
    // At once only to an actor that does nothing: the teller goes on in the middle of its own work.
    to->receive(*this, here->depth() < deepest_call && to->idle());
    return false;
  }
  near_ = true;
  by->in_await_suspend_ = true;
  to->receive(*this, here->depth() < deepest_call && here->spend());
  by->in_await_suspend_ = false;
  return by->answered;
}

void letter::answer() {
  returning_ = true;
  if (home_ == nullptr)
    delete this;
  else if (home_ == event_loop::current())
    arrive();
  else
    home_->send(*this);
}

void letter::arrive() {
  if (!returning_) {
    to->receive(*this, false);
    return;
  }
  to = {};
  if (asker_ == nullptr) {
    delete this;
    return;
  }
  asker_->answered = true;
  if (!asker_->in_await_suspend_)
    resume_soon(*asker_);
}

void letter::work_ended() noexcept {
  done = true;
  if (!beginning_)
    to->letter_ended(*this);
}

void letter::take_failure() noexcept {
  const auto fail = [this](const char* what) {
    failed = std::make_unique<failure>(
      failure{errc::internal, std::string{"a stateful actor failed: "} + what});
  };
  try {
    throw;
  } catch (const error& e) {
    failed = std::make_unique<failure>(failure{e.code(), e.what()});
    return;
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("an exception of unknown type");
  }
  crashed = true;
}

} // namespace troupe::detail
