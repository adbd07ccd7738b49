#pragma once

#include "actors/channel.hpp"

#include <optional>
#include <utility>

namespace troupe {

/// One value from one place to another, of any loops of the node:
///
///     oneshot<int> answer;
///     ctx.tell(worker, compute{std::move(answer.sender)});
///     auto value = co_await answer.receiver.recv(); // none when the sender was destroyed unused
template <class T>
class oneshot {
public:
  /// Any thread; moves, and is used once.
  class sender_end {
  public:
    sender_end(sender_end&& other) noexcept : to_(std::move(other.to_)) { other.to_.reset(); }
    sender_end& operator=(sender_end&& other) noexcept {
      drop();
      to_ = std::exchange(other.to_, std::nullopt);
      return *this;
    }
    ~sender_end() { drop(); }

    /// True when it was the first one and the receiver is still there.
    bool send(T value) {
      if (!to_)
        return false;
      const bool sent = to_->try_send(std::move(value));
      drop();
      return sent;
    }
    /// The receiver has gone.
    [[nodiscard]] bool closed() const noexcept { return !to_ || to_->closed(); }

  private:
    friend class oneshot;
    explicit sender_end(channel<T> to) : to_(std::move(to)) {}
    void drop() noexcept {
      if (auto to = std::exchange(to_, std::nullopt))
        to->close();
    }
    std::optional<channel<T>> to_;
  };

  /// For one loop.
  class receiver_end {
  public:
    receiver_end(receiver_end&& other) noexcept : from_(std::exchange(other.from_, std::nullopt)) {}
    receiver_end& operator=(receiver_end&& other) noexcept {
      drop();
      from_ = std::exchange(other.from_, std::nullopt);
      return *this;
    }
    ~receiver_end() { drop(); }

    /// The value, or none when there will be none. Once: std::bad_optional_access of an end that was moved
    /// from. It must outlive the wait.
    [[nodiscard]] auto recv() { return from_.value().recv(); }

  private:
    friend class oneshot;
    explicit receiver_end(channel<T> from) : from_(std::move(from)) {}
    void drop() noexcept {
      if (auto from = std::exchange(from_, std::nullopt))
        from->close();
    }
    std::optional<channel<T>> from_;
  };

  oneshot() : oneshot(channel<T>{1}) {}

  sender_end sender;
  receiver_end receiver;

private:
  explicit oneshot(channel<T> both) : sender(both), receiver(both) {}
};

} // namespace troupe
