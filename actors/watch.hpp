#pragma once

#include "actors/detail/awaitable.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/detail/loop_hubs.hpp"
#include "actors/detail/suspended.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe {

/// A value that changes, and who wants to know: settings, a state, a list of members.
///
/// Subscriptions on any loop of the node see the newest value; those in between may be skipped. A
/// handle: copies name the same watch. It may be a global: what is sent when the node has ended goes
/// nowhere.
template <class T>
class watch {
  struct version;
  struct state;
  struct hub;
  using version_ptr = std::shared_ptr<const version>;

public:
  /// For the loop that made it; moves.
  class subscription {
  public:
    /// The newest value that has reached this loop, valid until the next call. Marks it as seen.
    [[nodiscard]] const T& get() {
      seen_ = hub_->newest;
      return seen_->value;
    }

    /// Waits for a value that was not seen yet: true, or false when the watch is closed.
    [[nodiscard]] auto changed() {
      return detail::operation<change, hub&, std::uint64_t>{*hub_, seen_->number};
    }

  private:
    friend class watch;
    explicit subscription(std::shared_ptr<state> of) : of_(std::move(of)), hub_(&of_->hubs.own()) {
      hub_->take(of_->read());
      hub_->closed = of_->closed.load();
      seen_ = hub_->newest;
    }
    std::shared_ptr<state> of_;
    hub* hub_;
    version_ptr seen_;
  };

  explicit watch(T first) : state_(std::make_shared<state>(std::move(first))) {}

  /// A place to watch from: its get() gives what is there now, and changed() waits for what comes after
  /// that. Of a closed one, too. REQUIRES: on an event loop's thread.
  [[nodiscard]] subscription subscribe() const { return subscription{state_}; }

  /// Any thread. The last one to begin wins.
  void send(T value) const {
    auto made = state_->write(std::move(value));
    state_->hubs.for_each([&](hub& each, detail::loop_door& loop) {
      detail::run_on_loop(loop, [of = state_, to = &each, made] { to->take(made); });
    });
  }

  /// The newest value. Any thread.
  [[nodiscard]] T get() const { return state_->read()->value; }

  /// Ends the waiting of all subscriptions. Any thread.
  void close() const {
    state_->closed.store(true);
    state_->hubs.for_each([&](hub& each, detail::loop_door& loop) {
      detail::run_on_loop(loop, [of = state_, to = &each] {
        to->closed = true;
        to->waiting.wake_all();
      });
    });
  }

private:
  struct version {
    std::uint64_t number;
    T value;
  };

  struct hub {
    void take(const version_ptr& what) {
      if (newest && what->number <= newest->number)
        return;
      newest = what;
      waiting.wake_all();
    }
    version_ptr newest;
    bool closed = false;
    detail::wait_list waiting;
  };

  struct state {
    explicit state(T&& first)
      : newest(std::make_shared<const version>(version{1, std::move(first)})) {}

    version_ptr write(T&& value) {
      const std::lock_guard locked{guard};
      newest = std::make_shared<const version>(version{newest->number + 1, std::move(value)});
      return newest;
    }
    version_ptr read() const {
      const std::lock_guard locked{guard};
      return newest;
    }

    // A lock for the copy of a pointer, taken by who sends and by who begins to watch: both are rare.
    // Who watches reads its own loop's copy and takes none.
    mutable std::mutex guard;
    version_ptr newest;
    std::atomic<bool> closed{false};
    detail::loop_hubs<hub> hubs;
  };

  struct change final : detail::suspended {
    change(hub& h, std::uint64_t s) : at(h), seen(s) {}
    [[nodiscard]] bool is_new() const noexcept { return at.newest->number > seen; }
    bool await_ready() const noexcept {
      return (is_new() || at.closed) && detail::spend_operation();
    }
    void await_suspend(std::coroutine_handle<> waiting) {
      park(waiting);
      if (is_new() || at.closed)
        detail::resume_next_turn(*this);
      else
        at.waiting.push_back(*this);
    }
    bool await_resume() const noexcept { return is_new(); }
    hub& at;
    std::uint64_t seen;
  };

  std::shared_ptr<state> state_;
};

} // namespace troupe
