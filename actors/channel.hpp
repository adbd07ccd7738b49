#pragma once

#include "actors/detail/suspended.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace troupe {

/// A bounded queue between coroutines of one event loop.
///
/// `co_await send(v)` waits while it is full, `co_await recv()` while it is empty; first come,
/// first served. A handle: copies name the same channel, and it stays open until somebody closes it,
/// also when all who could send are gone.
template <class T>
class channel {
public:
  /// Holds at most `capacity` values; throws std::invalid_argument for 0.
  explicit channel(std::size_t capacity) : state_(std::make_shared<state>(capacity)) {
    if (capacity == 0)
      throw std::invalid_argument("a channel holds at least one value");
  }

  /// Gives true once the value is in the channel, false when the channel is closed.
  auto send(T value) { return sender{state_, std::move(value)}; }

  /// Gives the next value, or none when the channel is closed and drained.
  auto recv() { return receiver{state_}; }

  /// At once: false when it is full or closed.
  bool try_send(T value) { return state_->offer(value); }

  /// No value goes in any more; what is in can still be received. Wakes everybody who waits.
  void close() {
    state_->closed = true;
    state_->senders.wake_all();
    state_->receivers.wake_all();
  }

  [[nodiscard]] bool closed() const noexcept { return state_->closed; }
  [[nodiscard]] std::size_t size() const noexcept { return state_->values.size(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return state_->capacity; }

private:
  struct sender;
  struct receiver;

  // Coroutines wait as senders only while the queue is full, as receivers only while it is empty.
  struct state {
    explicit state(std::size_t n) : capacity(n) {}

    /// Moves from `value` only when it takes it.
    bool offer(T& value) {
      if (closed)
        return false;
      if (!receivers.empty()) {
        auto& first = static_cast<receiver&>(receivers.pop_front());
        first.received.emplace(std::move(value));
        detail::resume_soon(first);
        return true;
      }
      if (values.size() >= capacity)
        return false;
      values.push_back(std::move(value));
      return true;
    }

    std::optional<T> take() {
      if (values.empty())
        return std::nullopt;
      std::optional<T> taken{std::move(values.front())};
      values.pop_front();
      if (!senders.empty()) {
        auto& first = static_cast<sender&>(senders.pop_front());
        values.push_back(std::move(first.value));
        first.sent = true;
        detail::resume_soon(first);
      }
      return taken;
    }

    std::size_t capacity;
    std::deque<T> values;
    detail::wait_list senders;
    detail::wait_list receivers;
    bool closed = false;
  };

  struct sender : detail::suspended {
    sender(std::shared_ptr<state> s, T v) : shared(std::move(s)), value(std::move(v)) {}
    bool await_ready() {
      sent = shared->offer(value);
      return sent || shared->closed;
    }
    void await_suspend(std::coroutine_handle<> waiting) {
      handle = waiting;
      shared->senders.push_back(*this);
    }
    bool await_resume() const noexcept { return sent; }
    std::shared_ptr<state> shared;
    T value;
    bool sent = false;
  };

  struct receiver : detail::suspended {
    explicit receiver(std::shared_ptr<state> s) : shared(std::move(s)) {}
    bool await_ready() {
      received = shared->take();
      return received || shared->closed;
    }
    void await_suspend(std::coroutine_handle<> waiting) {
      handle = waiting;
      shared->receivers.push_back(*this);
    }
    std::optional<T> await_resume() { return std::move(received); }
    std::shared_ptr<state> shared;
    std::optional<T> received;
  };

  std::shared_ptr<state> state_;
};

} // namespace troupe
