#pragma once

#include "actors/detail/awaitable.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/detail/inbox.hpp"
#include "actors/detail/loop_hubs.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace troupe {

/// Every value to every subscription, on any loop of the node.
///
/// `send` never waits: a subscription keeps the newest `capacity` values that it has not received yet,
/// and is told how many it has missed. A subscription gets what is sent after it was made, in the
/// order of each sender. A handle: copies name the same broadcast. Each who receives gets a copy of T.
template <class T>
class broadcast {
  struct state;
  using inbox = detail::inbox<std::shared_ptr<const T>>;

public:
  /// What a subscription receives.
  struct item {
    T value;
    /// So many values before this one were left out, because the subscription was too slow.
    std::uint64_t missed = 0;
  };

  /// A place to receive at. For the loop that made it; moves.
  class subscription {
  public:
    subscription(subscription&&) noexcept = default;
    subscription& operator=(subscription&& other) noexcept {
      leave();
      of_ = std::move(other.of_);
      own_ = std::move(other.own_);
      return *this;
    }
    ~subscription() { leave(); }

    /// The next value, or none when the broadcast is closed and all was received. For one coroutine at
    /// a time: a second one gets std::logic_error.
    [[nodiscard]] auto recv() { return detail::operation<receiver, std::shared_ptr<inbox>>{own_}; }

    /// Values that wait here.
    [[nodiscard]] std::size_t size() const noexcept { return own_->size(); }

  private:
    friend class broadcast;
    explicit subscription(std::shared_ptr<state> of)
      : of_(std::move(of)), own_(std::make_shared<inbox>(of_->capacity)) {
      auto& hub = of_->hubs.own();
      hub.inboxes.push_back(own_);
      hub.subscribed.store(true);
      if (of_->closed.load())
        own_->close();
    }
    void leave() noexcept {
      if (own_)
        if (auto* here = of_->hubs.find()) // none after the end of the loop
          std::erase(here->inboxes, own_);
      own_ = nullptr;
    }
    std::shared_ptr<state> of_;
    std::shared_ptr<inbox> own_;
  };

  /// Throws std::invalid_argument for 0.
  explicit broadcast(std::size_t capacity) : state_(std::make_shared<state>(capacity)) {
    if (capacity == 0)
      throw std::invalid_argument("a subscription keeps at least one value");
  }

  /// REQUIRES: on an event loop's thread.
  [[nodiscard]] subscription subscribe() const { return subscription{state_}; }

  /// Any thread. False when it is closed.
  bool send(T value) const {
    if (state_->closed.load())
      return false;
    auto shared = std::make_shared<const T>(std::move(value));
    state_->hubs.for_each([&](hub& each, detail::loop_door& loop) {
      if (each.subscribed.load())
        detail::run_on_loop(loop, [of = state_, to = &each, shared] { to->put(shared); });
    });
    return true;
  }

  /// Ends all subscriptions as soon as they have received what was sent before. Any thread.
  void close() const {
    state_->closed.store(true);
    state_->hubs.for_each([&](hub& each, detail::loop_door& loop) {
      detail::run_on_loop(loop, [of = state_, to = &each] { to->close(); });
    });
  }

private:
  struct hub {
    void put(const std::shared_ptr<const T>& value) {
      for (const auto& each : inboxes)
        each->put(value);
      subscribed.store(!inboxes.empty());
    }
    void close() {
      for (const auto& each : inboxes)
        each->close();
    }
    std::vector<std::shared_ptr<inbox>> inboxes;
    std::atomic<bool> subscribed{false}; // read by senders of other loops
  };

  struct state {
    explicit state(std::size_t n) : capacity(n) {}
    std::size_t capacity;
    std::atomic<bool> closed{false};
    detail::loop_hubs<hub> hubs;
  };

  struct receiver : inbox::receiver {
    using inbox::receiver::receiver;
    std::optional<item> await_resume() {
      auto next = inbox::receiver::await_resume();
      if (!next)
        return std::nullopt;
      return item{*next->value, next->missed};
    }
  };

  std::shared_ptr<state> state_;
};

} // namespace troupe
