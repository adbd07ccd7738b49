#pragma once

#include "actors/detail/suspended.hpp"
#include "actors/messages/stream.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace troupe::detail {

/// Who is at the other end of a stream, through the worker actor that has the request.
class stream_peer {
public:
  virtual void send_part(body_part&& what) = 0;
  virtual void send_credit(std::uint64_t bytes) = 0;

protected:
  ~stream_peer() = default;
};

/// What both ends of a stream have in common: coroutines that wait for it, perhaps several. One loop's
/// thread only.
class stream_end {
public:
  explicit stream_end(stream_peer& peer) noexcept : peer_(&peer) {}
  stream_end(const stream_end&) = delete;
  stream_end& operator=(const stream_end&) = delete;

  /// The request has ended: there is nobody to hear from or to send to any more.
  void detach() noexcept {
    peer_ = nullptr;
    waiting_.wake_all();
  }

  /// Has all that wait look again.
  void wake() { waiting_.wake_all(); }

protected:
  ~stream_end() = default;
  /// error{unavailable} after `detach`.
  stream_peer& peer() const;

  stream_peer* peer_;
  wait_list waiting_;

private:
  template <class End>
  friend class until_ready;
};

/// Where the parts of a stream arrive for a coroutine.
class part_receiver : public stream_end {
public:
  using stream_end::stream_end;

  void put(body_part&& what);

  /// Something is there to take, or nothing will ever be.
  [[nodiscard]] bool ready() const noexcept {
    return !parts_.empty() || ended_ || peer_ == nullptr;
  }
  /// The next part; none behind the last one. REQUIRES: ready. error{unavailable} after `detach`.
  std::optional<body_part> take();

private:
  std::deque<body_part> parts_;
  std::uint64_t taken_ = 0; // credit that the sender has not been told of
  bool ended_ = false;      // the last part was taken
};

/// From where a coroutine sends parts.
class part_sender : public stream_end {
public:
  using stream_end::stream_end;

  void add_credit(std::uint64_t bytes);

  /// A part may go, or none ever will.
  [[nodiscard]] bool ready() const noexcept { return credit_ > 0 || peer_ == nullptr; }
  /// error{unavailable} after `detach`.
  void send(body_part&& what);
  /// In bytes.
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

private:
  std::int64_t credit_ = stream_window;
  std::uint64_t sent_ = 0;
};

/// `co_await until_ready{end}`: goes on when it was; another coroutine may have used that meanwhile.
template <class End>
class until_ready final : public suspended {
public:
  explicit until_ready(End& end) noexcept : end_(end) {}
  bool await_ready() const noexcept { return end_.ready() && spend_operation(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    if (end_.ready())
      resume_next_turn(*this);
    else
      end_.waiting_.push_back(*this);
  }
  void await_resume() const noexcept {}

private:
  End& end_;
};

} // namespace troupe::detail
