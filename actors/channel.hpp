#pragma once

#include "actors/detail/awaitable.hpp"
#include "actors/detail/channel_core.hpp"
#include "actors/messages/frame_allocator.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace troupe {

/// A bounded queue from many senders to one place: between coroutines of one actor, of one event loop,
/// and of different loops of a node.
///
/// `co_await send(v)` waits while it is full, `co_await recv()` while it is empty; first come, first
/// served. Any loop may send, `try_send` and `close` work on any thread; values are received on one
/// loop, that of the first `recv`. A handle: copies name the same channel, and it stays open until
/// somebody closes it, also when all who could send are gone; a handle must outlive the operations that
/// were begun with it. Room for `capacity` values is taken at once. It may outlive the node, as a global:
/// what is sent then goes nowhere.
template <class T>
class channel {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "a value that cannot be moved would be lost between two places: send a pointer to it");
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "send a pointer to it");

public:
  /// Holds at most `capacity` values; throws std::invalid_argument for 0.
  explicit channel(std::size_t capacity) : state_(std::make_shared<state>(capacity)) {}

  /// Gives true once the value is in the channel, false when the channel is closed.
  [[nodiscard]] auto send(T value) const {
    return detail::operation<sender, state&, T>{*state_, std::move(value)};
  }

  /// Gives the next value, or none when the channel is closed and drained. Throws std::logic_error on
  /// another loop than the one that has received before.
  [[nodiscard]] auto recv() const { return detail::operation<receiver, state&>{*state_}; }

  /// At once: false when it is full or closed.
  bool try_send(T value) const { return state_->offer(value); }

  /// At once: none when it is empty. As `recv`, on one loop.
  std::optional<T> try_recv() const {
    state_->receive_here();
    auto taken = state_->take();
    return taken ? std::optional<T>{std::move(taken->value)} : std::nullopt;
  }

  /// No value goes in any more; what is in can still be received. Wakes everybody who waits.
  void close() const { state_->close(); }

  [[nodiscard]] bool closed() const noexcept { return state_->closed(); }
  [[nodiscard]] std::size_t size() const noexcept { return state_->size(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return state_->capacity(); }

private:
  struct ticket final : detail::sender_ticket {
    static void* operator new(std::size_t size) { return detail::allocate_frame(size); }
    static void operator delete(void* block, std::size_t size) noexcept {
      detail::free_frame(block, size);
    }
    ticket(detail::event_loop& home, T&& v) : sender_ticket(home), value(std::move(v)) {}
    std::optional<T> value;
  };

  struct receiver;

  /// With its place in the order of all.
  struct numbered {
    T value;
    std::uint64_t number;
  };

  // A ring. `turn` of a slot is one more than the place of the value that it holds.
  struct state final : detail::channel_core {
    struct slot {
      std::atomic<std::uint64_t> turn{0};
      alignas(T) std::byte memory[sizeof(T)];
      T& value() noexcept { return *std::launder(reinterpret_cast<T*>(memory)); }
    };

    explicit state(std::size_t n)
      : channel_core(n), mask(std::bit_ceil(n) - 1), ring(std::make_unique<slot[]>(mask + 1)) {}
    ~state() override {
      while (ring[head & mask].turn.load() == head + 1)
        ring[head++ & mask].value().~T();
    }

    /// Moves from `value` only when it takes it.
    bool offer(T& value) {
      if (closed() || !take_permit())
        return false;
      if (closed()) { // the home may have seen the end already
        give_permit_back();
        return false;
      }
      put(std::move(value));
      value_put();
      return true;
    }

    /// REQUIRES: a permit.
    void put(T&& value) {
      const auto place = tail.fetch_add(1, std::memory_order_acq_rel); // behind who freed the slot
      auto& into = ring[place & mask];
      new (into.memory) T(std::move(value));
      into.turn.store(place + 1); // sequentially consistent: parked_ is read next
    }

    std::optional<numbered> take() {
      if (!handed_back.empty()) {
        std::optional<numbered> taken{std::move(handed_back.front())};
        handed_back.pop_front();
        return taken;
      }
      auto& from = ring[head & mask];
      if (from.turn.load() != head + 1)
        return std::nullopt;
      std::optional<numbered> taken{numbered{std::move(from.value()), head}};
      from.value().~T();
      ++head;
      value_taken();
      return taken;
    }

    gift give_to(detail::suspended& who) override {
      auto& to = static_cast<receiver&>(who);
      to.received = take();
      to.handed_over = to.received.has_value();
      return to.received ? gift::value : drained() ? gift::end : gift::nothing;
    }

    /// From a receiver that has taken it and is destroyed before it goes on: in its place.
    void hand_back(numbered&& what) {
      const auto place = std::find_if(handed_back.begin(), handed_back.end(), [&](const auto& each) {
        return each.number > what.number;
      });
      handed_back.insert(place, std::move(what));
      value_put();
    }

    void put_from(detail::sender_ticket& what) override {
      put(std::move(*static_cast<ticket&>(what).value));
    }

    alignas(64) const std::uint64_t mask;
    const std::unique_ptr<slot[]> ring;
    // The home's:
    alignas(64) std::uint64_t head = 0;
    std::deque<numbered> handed_back;
    alignas(64) std::atomic<std::uint64_t> tail{0};
  };

  struct sender : detail::suspended {
    sender(state& s, T v) : shared(&s), value(std::move(v)) {}
    ~sender() {
      if (waits == nullptr)
        return;
      if (waits->back) {
        delete waits;
      } else if (waits->claim(detail::sender_ticket::outcome::withdrawing)) {
        waits->value.reset();
        waits->withdraw();
        shared->ticket_withdrawn();
      } else {
        waits->waiting = nullptr; // it is on its way: it frees itself
      }
    }
    bool await_ready() {
      sent = shared->offer(value);
      done = sent || shared->closed();
      return done && detail::spend_operation();
    }
    void await_suspend(std::coroutine_handle<> waiting) {
      park(waiting);
      if (done) { // its share is used up
        detail::resume_next_turn(*this);
        return;
      }
      kept = shared->shared_from_this();
      waits = new ticket{*detail::current_event_loop(), std::move(value)};
      waits->waiting = this;
      shared->wait_for_room(*waits);
    }
    bool await_resume() const noexcept {
      return waits == nullptr ? sent
                              : waits->state.load() == detail::sender_ticket::outcome::sent;
    }
    state* shared;
    std::shared_ptr<detail::channel_core> kept; // while it waits: the count is what all handles share
    T value;
    ticket* waits = nullptr;
    bool sent = false;
    bool done = false;
  };

  struct receiver : detail::suspended {
    explicit receiver(state& s) : shared(&s) {}
    ~receiver() {
      if (this->linked()) {
        this->unlink();
        shared->stopped_waiting();
      }
      if (received) // nothing is lost with a receiver that was given up
        shared->hand_back(std::move(*received));
      if (handed_over)
        shared->hand_over_ended();
    }
    bool await_ready() {
      shared->receive_here();
      if (!shared->somebody_waits())
        received = shared->take();
      done = received || shared->drained();
      return done && detail::spend_operation();
    }
    void await_suspend(std::coroutine_handle<> waiting) {
      park(waiting);
      kept = shared->shared_from_this();
      if (!done) {
        shared->wait_for_value(*this);
        return;
      }
      handed_over = received.has_value();
      if (handed_over)
        shared->hand_over_begun();
      detail::resume_next_turn(*this);
    }
    std::optional<T> await_resume() {
      if (std::exchange(handed_over, false))
        shared->hand_over_ended();
      if (!received)
        return std::nullopt;
      std::optional<T> out{std::move(received->value)};
      received.reset();
      return out;
    }
    state* shared;
    std::shared_ptr<detail::channel_core> kept; // while it waits: the count is what all handles share
    std::optional<numbered> received;
    bool handed_over = false; // by somebody else, while it waited
    bool done = false;
  };

  std::shared_ptr<state> state_;
};

} // namespace troupe
