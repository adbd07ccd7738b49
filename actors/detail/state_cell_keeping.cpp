// Stateful actors whose state is kept elsewhere: loaded, saved, and what happens when that fails.
#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/moved_error.hpp"
#include "actors/detail/state_cell_parts.hpp"

#include <spdlog/spdlog.h>

namespace troupe::detail {

void state_cell::keep_state_by(std::unique_ptr<state_keeper> keeper) {
  rare().keeper = std::move(keeper);
}

void state_cell::load() {
  phase_ = phase::loading;
  auto& mine = rare();
  const event_loop::behalf on{loop(), &self_};
  mine.keeping = mine.keeper->load(context_, state());
  mine.keeping.start(mine);
}

void state_cell::loaded() {
  auto work = std::move(rare_->keeping);
  try {
    work.take();
  } catch (const moved_error& e) {
    for (auto* each = waiting_first_; each != nullptr; each = each->next_)
      each->moved = true;
    drop_waiting({e.code(), e.what()});
    end_life();
    return;
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
  const event_loop::behalf on{loop(), &self_};
  mine.keeping = mine.keeper->save(context_, state());
  mine.keeping.start(mine);
}

void state_cell::saved() {
  auto work = std::move(rare_->keeping);
  auto* what = std::exchange(rare_->saved_for, nullptr);
  saving_ = false;
  some_done_ = true; // of those that have waited for it
  std::optional<failure> failed;
  bool is_moved = false;
  try {
    work.take();
  } catch (const moved_error&) {
    is_moved = true;
    failed = failure{errc::conflict, "another node has taken it over"};
  } catch (const error& e) {
    failed = failure{e.code(), e.what()};
  } catch (const std::exception& e) {
    failed = failure{errc::internal, e.what()};
  }
  if (is_moved && what == nullptr)
    spdlog::error("what {} has not saved is lost: another node has taken it over", host_name());
  else if (is_moved)
    spdlog::info("{} is another node's by now", host_name());
  else if (failed)
    spdlog::error("the state of {} could not be saved: {}", host_name(), failed->detail);
  if (what == nullptr) { // at the end of an actor that retires
    // What could not be saved is tried again when it is next to retire, unless the row is another's.
    rare_->retiring = false;
    const bool done = !failed || failed->code == errc::conflict;
    if (done && idle())
      end_life();
    else if (failed && done)
      reload();
    return;
  }
  if (!failed) {
    conclude(*what);
    return;
  }
  what->moved = is_moved; // what it has done is not stored
  drop_running(*failed);
  reload();
}

/// What is stored is what counts: the next message finds that.
void state_cell::reload() {
  phase_ = phase::paused;
  clear("its state could not be saved");
  begin_life();
}

void state_cell::retire() {
  if (phase_ == phase::paused && waiting_first_ == nullptr) {
    end_life(); // its state is lost already
    return;
  }
  if (phase_ != phase::alive || !idle() || rare().retiring)
    return;
  bool must_save = false;
  try {
    must_save = rare().keeper && rare_->keeper->must_save_at_end(state());
  } catch (const std::exception& e) {
    spdlog::error("the state of {} cannot be written: {}", host_name(), e.what());
  }
  if (must_save) {
    rare_->retiring = true;
    save();
  } else {
    end_life();
  }
}

/// What has changed cannot be saved, ever.
void state_cell::give_up_change() {
  if (phase_ != phase::paused)
    return; // begun anew or ended before this order has come
  drop_running({errc::internal, "a stateful actor failed: its state cannot be saved"});
  reload();
}

} // namespace troupe::detail
