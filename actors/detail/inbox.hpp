#pragma once

#include "actors/detail/awaitable.hpp"
#include "actors/detail/suspended.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace troupe::detail {

/// What waits for one who receives: the newest `capacity` values, with how many were left out before each.
/// Of one event loop.
template <class T>
class inbox {
public:
  struct entry {
    T value;
    std::uint64_t missed = 0;
  };

  /// REQUIRES: capacity > 0.
  explicit inbox(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// The newest one, null: none waits.
  [[nodiscard]] const T* newest() const noexcept { return entries_.empty() ? nullptr : &entries_.back().value; }

  /// Values that would have come before the next one that is put will not.
  void miss(std::uint64_t count) noexcept { missed_ += count; }
  /// The same, before the next one that is received.
  void miss_first(std::uint64_t count) noexcept { (entries_.empty() ? missed_ : entries_.front().missed) += count; }

  void put(T value) {
    entries_.push_back({std::move(value), std::exchange(missed_, 0)});
    if (entries_.size() > capacity_) {
      const auto left_out = entries_.front().missed + 1;
      entries_.pop_front();
      entries_.front().missed += left_out; // of two at least
    }
    waiting_.wake_one();
  }

  void close() {
    closed_ = true;
    waiting_.wake_all();
  }

  /// What `co_await` gives: the next one; none when it is closed and empty. std::logic_error for a second one at a
  /// time.
  class receiver : suspended {
  public:
    explicit receiver(std::shared_ptr<inbox> of) : of_(std::move(of)) {
      if (std::exchange(of_->receiving_, true)) {
        of_ = nullptr;
        throw std::logic_error{"two coroutines receive from one subscription at the same time"};
      }
    }
    ~receiver() {
      if (of_)
        of_->receiving_ = false;
    }
    bool await_ready() const noexcept { return of_->has_news() && spend_operation(); }
    void await_suspend(std::coroutine_handle<> waiting) {
      this->park(waiting);
      if (of_->has_news())
        resume_next_turn(*this);
      else
        of_->waiting_.push_back(*this);
    }
    std::optional<entry> await_resume() {
      if (of_->entries_.empty())
        return std::nullopt;
      auto first = std::move(of_->entries_.front());
      of_->entries_.pop_front();
      return first;
    }

  private:
    std::shared_ptr<inbox> of_;
  };

private:
  [[nodiscard]] bool has_news() const noexcept { return !entries_.empty() || closed_; }

  std::size_t capacity_;
  std::deque<entry> entries_;
  std::uint64_t missed_ = 0; // before the next one
  bool closed_ = false;
  bool receiving_ = false; // somebody does, until it has been resumed
  wait_list waiting_;
};

} // namespace troupe::detail
