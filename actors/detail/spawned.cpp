#include "actors/detail/spawned.hpp"

#include "actors/detail/event_loop.hpp"
#include "actors/detail/failure.hpp"
#include "actors/detail/host.hpp"

#include <spdlog/spdlog.h>

namespace troupe::detail {

namespace {

/// Tasks that begin tasks that begin tasks: so deep on the stack, then in the loop's next round.
constexpr unsigned deepest_start = 64;

} // namespace

spawned_base::spawned_base(host& owner, std::string name)
  : owner_(owner), loop_(owner.loop()), name_(std::move(name)) {
  if (const auto* by = loop_.running(); by != nullptr) {
    label = by->label;
    trace = by->trace;
  }
}

void spawned_base::begin() {
  self_ = shared_from_this();
  enlist();
  if (loop_.depth() < deepest_start)
    start_now();
  else
    loop_.start_later(self_);
}

void spawned_base::start_now() {
  if (finished_)
    return;
  starting_ = true;
  {
    const event_loop::behalf on{loop_, this};
    start_frame();
  }
  starting_ = false;
  if (finished_)
    let_go(); // none of its code is on the stack any more
}

std::coroutine_handle<> spawned_base::completed() noexcept {
  if (!finished_) { // else it was aborted by its own code, and that stands
    take_result();
    finish();
  }
  return std::noop_coroutine();
}

void spawned_base::finish() noexcept {
  finished_ = true;
  waiting_.wake_all();
  if (!starting_)
    loop_.bury(self_);
}

void spawned_base::cancel(std::exception_ptr why) noexcept {
  if (finished_)
    return;
  fail(std::move(why));
  cancelled = true;
  finished_ = true;
  waiting_.wake_all();
  if (starting_)
    return; // start_now lets it go
  if (on_stack > 0)
    loop_.bury(self_);
  else
    let_go();
}

void spawned_base::let_go() noexcept {
  unlist();
  destroy_frame();
  const auto self = std::move(self_); // may be the last reference: nothing of this is used below
}

void spawned_base::log_unseen(const std::exception_ptr& what) const noexcept {
  if (cancelled)
    return;
  try {
    spdlog::error("{} failed and nobody waits for it: {}",
                  name_.empty() ? std::string{"a detached task"} : "task \"" + name_ + "\"",
                  text_of(what));
  } catch (...) { // a line that cannot be written
  }
}

void spawned_base::enlist() noexcept {
  auto*& first = owner_.first_spawned_;
  next_ = first;
  if (first != nullptr)
    first->previous_ = this;
  first = this;
  listed_ = true;
}

void spawned_base::unlist() noexcept {
  if (!std::exchange(listed_, false))
    return;
  if (next_ != nullptr)
    next_->previous_ = previous_;
  (previous_ != nullptr ? previous_->next_ : owner_.first_spawned_) = next_;
  next_ = previous_ = nullptr;
}

} // namespace troupe::detail
