#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/failure.hpp"
#include "actors/detail/state_cell_parts.hpp"

#include <spdlog/spdlog.h>

namespace troupe::detail {

namespace {

/// Messages that one cell may begin before another actor of the loop gets its turn.
constexpr int begun_per_turn = 64;

failure gone() {
  return {errc::unavailable, "the actor has ended"};
}

/// Calls a member of a cell on the cell's loop.
class command final : public parcel {
public:
  command(state_cell& to, void (state_cell::*what)()) : to_(&to), what_(what) {}
  void arrive() override {
    (to_.get()->*what_)();
    delete this;
  }
  void discard() noexcept override { delete this; }

private:
  cell_ref to_;
  void (state_cell::*what_)();
};

} // namespace

state_cell::state_cell(event_loop& loop, node_services_ptr node,
                       std::shared_ptr<const cell_kind> kind)
  : host(loop, std::move(node)), born_(std::chrono::steady_clock::now()), kind_(std::move(kind)),
    context_(*this) {
  self_.label = kind_->label;
}

state_cell::~state_cell() {
  // Only when it has not ended, because its loop has: nobody waits any more.
  for (auto* list : {&running_, &waiting_first_})
    while (*list != nullptr)
      delete std::exchange(*list, (*list)->next_);
}

state_cell::rarely_used& state_cell::rare() {
  if (!rare_)
    rare_ = std::make_unique<rarely_used>(*this);
  return *rare_;
}

std::string state_cell::host_name() const {
  return kind_->options.name.empty() ? *self_.label : kind_->options.name;
}

actor_view state_cell::view() const {
  actor_view out;
  out.kind = "actor";
  if (const auto by = supervisor_.lock())
    out.supervisor = by->path();
  out.state = phase_ == phase::paused ? "restarting" : "running";
  out.mailbox = length_;
  out.handled = handled_;
  out.restarts = restarts_;
  out.age = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now()
                                                                  - born_);
  return out;
}

void state_cell::order(void (state_cell::*what)()) {
  if (event_loop::current() == &loop() && loop().depth() == 0)
    (this->*what)();
  else
    order_soon(what);
}

void state_cell::order_soon(void (state_cell::*what)()) {
  loop().send(*new command{*this, what});
}

// -- the mailbox --------------------------------------------------------------------------------------

void state_cell::receive(letter& what, bool at_once) {
  if (ended()) {
    what.answer(gone());
    return;
  }
  if (what.given_up_.load(std::memory_order_acquire)) {
    delete &what;
    return;
  }
  if (at_once && waiting_first_ == nullptr && may_begin()) {
    handle(what);
    return;
  }
  const auto& options = kind_->options;
  if (options.mailbox != 0 && length_ >= options.mailbox) {
    if (options.overflow == when_full::reject || what.home_ == nullptr) {
      refuse(what);
      return;
    }
    drop_given_up();
  }
  what.next_ = nullptr;
  what.previous_ = waiting_first_ == nullptr ? nullptr : waiting_last_;
  (waiting_first_ == nullptr ? waiting_first_ : waiting_last_->next_) = &what;
  waiting_last_ = &what;
  what.in_mailbox_ = true;
  ++length_;
  reschedule();
}

void state_cell::unlink_waiting(letter& what) noexcept {
  (what.next_ != nullptr ? what.next_->previous_ : waiting_last_) = what.previous_;
  (what.previous_ != nullptr ? what.previous_->next_ : waiting_first_) = what.next_;
  what.next_ = what.previous_ = nullptr;
  what.in_mailbox_ = false;
  --length_;
}

void state_cell::withdraw(letter& what) noexcept {
  const auto kept = what.to; // may be the last reference
  unlink_waiting(what);
  delete &what;
}

/// Past the bound each letter stands for somebody who waits: those on other loops that have given up do
/// not count. Looked for each time that the mailbox has doubled.
void state_cell::drop_given_up() noexcept {
  auto& swept = rare().given_up_swept;
  if (length_ < 2 * swept)
    return;
  for (auto* each = waiting_first_; each != nullptr;) {
    auto* next = each->next_;
    if (each->given_up_.load(std::memory_order_acquire))
      withdraw(*each);
    each = next;
  }
  swept = length_;
}

void state_cell::refuse(letter& what) {
  if (!std::exchange(rare().overflow_logged, true)) // once until there is room again
    spdlog::warn("the mailbox of {} is full ({} messages): what comes now is refused", host_name(),
                 length_);
  what.answer({errc::unavailable, "the mailbox of " + host_name() + " is full"});
}

letter& state_cell::take_next() noexcept {
  auto& next = *waiting_first_;
  unlink_waiting(next);
  return next;
}

void state_cell::reschedule() {
  if (!scheduled_ && !ended())
    loop().schedule(*this);
}

void state_cell::append(state_cell*& first, state_cell*& last, state_cell& cell) noexcept {
  cell.scheduled_ = true;
  cell.add_reference();
  cell.next_ready_ = nullptr;
  (first == nullptr ? first : last->next_ready_) = &cell;
  last = &cell;
}

void state_cell::run_scheduled(state_cell*& first) {
  auto& cell = *first;
  first = cell.next_ready_;
  cell.scheduled_ = false;
  cell.run_some();
  cell.drop_reference();
}

void state_cell::run_some() {
  if (rare_ && std::exchange(rare_->kept, false))
    phase_ == phase::loading ? loaded() : saved();
  conclude_all_done();
  for (int n = 0; n < begun_per_turn && waiting_first_ != nullptr && may_begin(); ++n) {
    auto& next = take_next();
    if (next.given_up_.load(std::memory_order_acquire))
      delete &next;
    else
      handle(next);
  }
  if (some_done_ || (waiting_first_ != nullptr && may_begin()))
    reschedule();
  else if (rare_ && length_ == 0) {
    rare_->overflow_logged = false;
    rare_->given_up_swept = 0;
  }
}

// -- one message --------------------------------------------------------------------------------------

void state_cell::handle(letter& what) {
  ++handled_;
  what.previous_ = nullptr;
  what.next_ = running_;
  if (running_ != nullptr)
    running_->previous_ = &what;
  running_ = &what;
  what.beginning_ = true;
  {
    const event_loop::behalf on{loop(), &self_};
    what.begin(state(), context_);
  }
  what.beginning_ = false;
  if (what.done)
    conclude(what);
}

void state_cell::letter_ended(letter&) {
  some_done_ = true; // its frame is still on the stack
  reschedule();
}

void state_cell::conclude_all_done() {
  if (!std::exchange(some_done_, false))
    return;
  for (auto* each = running_; each != nullptr;) {
    auto* next = each->next_;
    if (each->done && (rare_ == nullptr || rare_->saved_for != each))
      conclude(*each);
    if (phase_ != phase::alive)
      return; // it has crashed or ended: none of them is left
    each = next;
  }
}

/// Its handler has ended: what has changed is saved, then the answer goes out.
void state_cell::conclude(letter& what) {
  if (rare_ && rare_->keeper && !what.failed) {
    if (phase_ != phase::alive || saving_)
      return; // of a reentrant actor that has failed: with the rest; that saves: in its turn
    bool must_save = false;
    try {
      must_save = rare_->keeper->must_save(state());
    } catch (const std::exception& e) {
      spdlog::error("the state of {} cannot be written: {}", host_name(), e.what());
      phase_ = phase::paused;
      order(&state_cell::give_up_change);
      return;
    }
    if (must_save) {
      rare_->saved_for = &what;
      save();
      return;
    }
  }
  if (what.next_ != nullptr)
    what.next_->previous_ = what.previous_;
  (what.previous_ != nullptr ? what.previous_->next_ : running_) = what.next_;
  const auto why = what.crashed ? what.failed->detail : std::string{};
  const bool failed_here = what.crashed;
  if (what.failed && what.home_ == nullptr)
    spdlog::error("{}: a message that nobody waits for failed: {}", host_name(), what.failed->detail);
  what.answer();
  if (failed_here)
    crash(why);
}

void state_cell::drop_running(const failure& why) noexcept {
  if (rare_) {
    rare_->keeping.reset();
    rare_->saved_for = nullptr;
    rare_->kept = false;
    rare_->retiring = false;
  }
  saving_ = false;
  some_done_ = false;
  while (running_ != nullptr) {
    auto& each = *running_;
    running_ = each.next_;
    each.destroy_work();
    each.answer(why);
  }
}

void state_cell::drop_waiting(const failure& why) noexcept {
  while (waiting_first_ != nullptr) {
    auto& each = take_next();
    each.answer(why);
  }
}

// -- life and death -------------------------------------------------------------------------------------

void state_cell::come_alive() {
  if (event_loop::current() == &loop())
    begin_life();
  else
    order(&state_cell::begin_life);
}

void state_cell::begin_life() {
  if (phase_ != phase::unborn && phase_ != phase::paused)
    return;
  enlist();
  try {
    const event_loop::behalf on{loop(), &self_};
    make_state();
  } catch (const std::exception& e) {
    phase_ = phase::unborn; // also when it was begun anew: this is a failure of its own
    crash(e.what());
    return;
  } catch (...) {
    phase_ = phase::unborn;
    crash("an exception of unknown type");
    return;
  }
  born_ = std::chrono::steady_clock::now();
  phase_ = phase::alive;
  if (rare_ && rare_->keeper)
    load();
  reschedule();
}

void state_cell::begin_anew() {
  if (ended())
    return;
  if (rare_)
    rare_->pause.disarm();
  phase_ = phase::paused;
  clear_after_crash();
  ++restarts_;
  begin_life();
}

void state_cell::begin_anew_with_group() {
  if (rare_)
    rare_->failures = {};
  begin_anew();
}

void state_cell::hold() {
  if (ended() || phase_ == phase::unborn)
    return;
  if (rare_)
    rare_->pause.disarm();
  phase_ = phase::paused;
  clear_after_crash();
}

void state_cell::end_life() {
  if (ended())
    return;
  const cell_ref kept{this};
  phase_ = phase::ended;
  unlist();
  if (rare_)
    rare_->pause.disarm();
  drop_running(gone());
  drop_waiting(gone());
  clear("its actor has ended");
  supervision::report(supervisor_, cell_ref{this}, supervision::event::ended, {});
  tell_watchers({});
  tell_linked(0, {});
  give_up_spare_references();
}

void state_cell::crash(const std::string& why, std::uint64_t incident) {
  if (ended() || phase_ == phase::paused)
    return;
  phase_ = phase::paused;
  spdlog::error("{} has crashed: {}", host_name(), why);
  order(&state_cell::clear_after_crash);
  tell_watchers(why);
  if (rare_ && !rare_->links.empty()) {
    static std::atomic<std::uint64_t> incidents{0};
    rare_->incident = incident != 0 ? incident : ++incidents;
    tell_linked(rare_->incident, why);
  }
  const auto by = supervisor_.lock();
  if (by && by->rule() == strategy::all_for_one) {
    supervision::report(supervisor_, cell_ref{this}, supervision::event::crashed, why);
    return;
  }
  if (auto delay = rare().failures.failed(kind_->options.restart))
    restart_in(*delay);
  else if (by == nullptr)
    order(&state_cell::end_life); // of a keyed actor: the next message makes it anew
  else
    supervision::report(supervisor_, cell_ref{this}, supervision::event::beyond_help, why);
}

void state_cell::clear_after_crash() {
  if (phase_ != phase::paused)
    return; // begun anew before this order has come
  drop_running({errc::internal, "a stateful actor failed: it is begun anew"});
  clear("its actor has failed");
}

/// Ends all that is its own; destructors may make more of it.
void state_cell::clear(const char* why) noexcept {
  do {
    end_children(why);
    context_.clear_locals();
    destroy_state();
  } while (has_children());
}

void state_cell::restart_in(std::chrono::milliseconds delay) {
  rare().pause.arm(loop().timers(), after(delay),
                   [](void* self) { static_cast<state_cell*>(self)->begin_anew(); }, this);
}

void state_cell::child_lost(const std::string& why) {
  crash("one of its actors is beyond help: " + why);
}

} // namespace troupe::detail
