#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/failure.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::detail {

namespace {

/// Messages that one actor may handle before another one of the loop gets its turn.
constexpr int messages_per_turn = 64;

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

/// What most actors never need.
struct state_cell::rarely_used final : completion {
  explicit rarely_used(state_cell& c) : cell(c) {}

  void completed() noexcept override { // of `keeping`, whose frame is still on the stack
    kept = true;
    cell.reschedule();
  }

  state_cell& cell;
  restart_record failures;
  timer pause;
  std::vector<std::shared_ptr<end_watcher>> watchers;
  std::vector<cell_ref> links;
  std::unique_ptr<state_keeper> keeper;
  task<void> keeping; // loads or saves
  letter* saved_for = nullptr;
  bool kept = false;
  bool retiring = false;
  bool overflow_logged = false;
};

state_cell::state_cell(event_loop& loop, node_services_ptr node,
                       std::shared_ptr<const cell_kind> kind)
  : host(loop, std::move(node)), kind_(std::move(kind)), context_(*this),
    born_(std::chrono::steady_clock::now()) {
  label = kind_->label;
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
  return kind_->options.name.empty() ? *label : kind_->options.name;
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
    loop().send(*new command{*this, what});
}

// -- the mailbox --------------------------------------------------------------------------------------

void state_cell::receive(letter& what, bool at_once) {
  if (ended()) {
    what.answer(gone());
    return;
  }
  if (at_once && waiting_first_ == nullptr && may_begin()) {
    handle(what);
    return;
  }
  const auto& options = kind_->options;
  if (options.mailbox != 0 && length_ >= options.mailbox
      && (options.overflow == when_full::reject || what.home_ == nullptr)) {
    refuse(what);
    return;
  }
  what.next_ = nullptr;
  (waiting_first_ == nullptr ? waiting_first_ : waiting_last_->next_) = &what;
  waiting_last_ = &what;
  ++length_;
  reschedule();
}

void state_cell::refuse(letter& what) {
  if (!std::exchange(rare().overflow_logged, true)) // once until there is room again
    spdlog::warn("the mailbox of {} is full ({} messages): what comes now is refused", host_name(),
                 length_);
  what.answer({errc::unavailable, "the mailbox of " + host_name() + " is full"});
}

letter& state_cell::take_next() noexcept {
  auto& next = *waiting_first_;
  waiting_first_ = next.next_;
  next.next_ = nullptr;
  --length_;
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

void state_cell::run_scheduled(state_cell*& first, state_cell*&) {
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
  for (int n = 0; n < messages_per_turn && waiting_first_ != nullptr && may_begin(); ++n)
    handle(take_next());
  if (some_done_ || (waiting_first_ != nullptr && may_begin()))
    reschedule();
  else if (rare_ && length_ == 0)
    rare_->overflow_logged = false;
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
    const event_loop::behalf on{loop(), this};
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
  if (rare_ && rare_->keeper && !what.failed && phase_ == phase::alive) {
    if (saving_) { // of a reentrant actor: in its turn
      some_done_ = true;
      return;
    }
    if (rare_->keeper->must_save(state())) {
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
  if (failed_here && what.home_ == nullptr)
    spdlog::error("{}: a message that nobody waits for failed: {}", host_name(), why);
  what.answer();
  if (failed_here)
    crash(why);
}

void state_cell::drop_running(const failure& why) noexcept {
  if (rare_) {
    rare_->keeping.reset();
    rare_->saved_for = nullptr;
    rare_->kept = false;
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

// -- a state that is kept elsewhere ---------------------------------------------------------------------

void state_cell::keep_state_by(std::unique_ptr<state_keeper> keeper) {
  rare().keeper = std::move(keeper);
}

void state_cell::load() {
  phase_ = phase::loading;
  auto& mine = rare();
  const event_loop::behalf on{loop(), this};
  mine.keeping = mine.keeper->load(context_, state());
  mine.keeping.start(mine);
}

void state_cell::loaded() {
  auto work = std::move(rare_->keeping);
  try {
    work.take();
  } catch (const std::exception& e) {
    // Whoever asked may try again: nothing is wrong with the actor itself.
    const failure why{errc::unavailable, "the state of " + host_name() + " could not be loaded"};
    spdlog::error("{}: {}", why.detail, e.what());
    drop_waiting(why);
    end_life();
    return;
  }
  phase_ = phase::alive;
}

void state_cell::save() {
  saving_ = true;
  auto& mine = *rare_;
  const event_loop::behalf on{loop(), this};
  mine.keeping = mine.keeper->save(context_, state());
  mine.keeping.start(mine);
}

void state_cell::saved() {
  auto work = std::move(rare_->keeping);
  auto* what = std::exchange(rare_->saved_for, nullptr);
  saving_ = false;
  std::optional<failure> failed;
  try {
    work.take();
  } catch (const error& e) {
    failed = failure{e.code(), e.what()};
  } catch (const std::exception& e) {
    failed = failure{errc::internal, e.what()};
  }
  if (failed)
    spdlog::error("the state of {} could not be saved: {}", host_name(), failed->detail);
  if (what == nullptr) { // at the end of an actor that retires
    // What could not be saved is tried again when it is next to retire, unless the row is another's.
    if ((!failed && idle()) || (failed && failed->code == errc::conflict))
      end_life();
    else
      rare_->retiring = false;
    return;
  }
  if (!failed) {
    conclude(*what);
    return;
  }
  // What is stored is what counts: the next message finds that.
  drop_running(*failed);
  end_life();
}

void state_cell::retire() {
  if (phase_ != phase::alive || !idle() || rare().retiring)
    return;
  rare_->retiring = true;
  if (rare_->keeper && rare_->keeper->must_save_at_end(state()))
    save();
  else
    end_life();
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
    const event_loop::behalf on{loop(), this};
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
  phase_ = phase::ended;
  unlist();
  if (rare_)
    rare_->pause.disarm();
  drop_running(gone());
  drop_waiting(gone());
  end_children("its actor has ended");
  context_.clear_locals();
  destroy_state();
  supervision::report(supervisor_, cell_ref{this}, supervision::event::ended, {});
  tell_watchers({});
  tell_linked({}, nullptr);
}

void state_cell::crash(const std::string& why, const state_cell* cause) {
  if (ended() || phase_ == phase::paused)
    return;
  phase_ = phase::paused;
  spdlog::error("{} has crashed: {}", host_name(), why);
  order(&state_cell::clear_after_crash);
  tell_watchers(why);
  tell_linked(why, cause);
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
  end_children("its actor has failed");
  context_.clear_locals();
  destroy_state();
}

void state_cell::restart_in(std::chrono::milliseconds delay) {
  rare().pause.arm(loop().timers(), after(delay),
                   [](void* self) { static_cast<state_cell*>(self)->begin_anew(); }, this);
}

void state_cell::child_lost(const std::string& why) {
  crash("one of its actors is beyond help: " + why);
}

// -- links and monitors -----------------------------------------------------------------------------------

/// From one actor to another one that it is linked to.
struct state_cell::link_news final : parcel {
  void arrive() override {
    if (over)
      to->linked_ended(*from);
    else
      to->linked_failed(*from, why);
    delete this;
  }
  void discard() noexcept override { delete this; }

  cell_ref to;
  cell_ref from;
  std::string why;
  bool over = false; // it has ended, which fails nobody
};

void state_cell::link_to(const cell_ref& other) {
  if (other.get() == this)
    return;
  if (ended())
    tell_linked_one(other, {});
  else
    rare().links.push_back(other);
}

void state_cell::tell_linked_one(const cell_ref& other, const std::string& why) {
  auto* made = new link_news;
  made->to = other;
  made->from = cell_ref{this};
  made->why = why;
  made->over = ended();
  other->loop().send(*made);
}

/// Those that it is linked to fail in turn, but for the one whose failure this is.
void state_cell::tell_linked(const std::string& why, const state_cell* cause) {
  if (!rare_)
    return;
  if (ended())
    for (const auto& each : std::exchange(rare_->links, {}))
      tell_linked_one(each, why);
  else
    for (const auto& each : rare_->links)
      if (each.get() != cause)
        tell_linked_one(each, why);
}

void state_cell::linked_failed(const state_cell& other, const std::string& why) {
  const auto& links = rare().links;
  if (std::any_of(links.begin(), links.end(), [&](const auto& each) { return each.get() == &other; }))
    crash("it is linked to an actor that has failed: " + why, &other);
}

void state_cell::linked_ended(const state_cell& other) noexcept {
  std::erase_if(rare().links, [&](const auto& each) { return each.get() == &other; });
}

void state_cell::watch(std::shared_ptr<end_watcher> who) {
  if (ended())
    who->actor_ended({});
  else
    rare().watchers.push_back(std::move(who));
}

void state_cell::tell_watchers(const std::string& why) noexcept {
  if (!rare_)
    return;
  for (const auto& each : std::exchange(rare_->watchers, {}))
    each->actor_ended(why);
}

} // namespace troupe::detail
