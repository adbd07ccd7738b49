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
  failed = std::move(why);
  if (by != nullptr)
    by->answered = true;
  else
    delete this;
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
    to->receive(*this, false);
    return false;
  }
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

void letter::completed() noexcept {
  take_result();
  done = true;
  if (!beginning_)
    to->letter_ended(*this);
}

void letter::take_failure() noexcept {
  try {
    throw;
  } catch (const error& e) {
    failed = failure{e.code(), e.what()};
    return;
  } catch (const std::exception& e) {
    failed = failure{errc::internal, std::string{"a stateful actor failed: "} + e.what()};
  } catch (...) {
    failed = failure{errc::internal, "a stateful actor failed: an exception of unknown type"};
  }
  crashed = true;
}

} // namespace troupe::detail
