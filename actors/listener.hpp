#pragma once

#include "actors/broadcast.hpp"
#include "actors/detail/listening.hpp"
#include "actors/notification.hpp"
#include "actors/task.hpp"

#include <memory>
#include <optional>

namespace troupe {

/// Receives what is notified on one channel of the database: `co_await ctx.db().listen("orders")`.
///
///     auto news = co_await ctx.db().listen("orders");
///     while (auto each = co_await news.next()) {
///       if (each->gap || each->missed > 0)
///         forget_all();
///       else
///         forget(each->payload);
///     }
///
/// It gets what was committed after `listen` had returned, each once, in the order of the commits. Nobody waits
/// for it: 1,024 are kept until it receives them, then the oldest is left out for each new one, and the next one
/// says how many were missed. When the server was lost, one with `gap` comes as soon as it listens again. Any number
/// of listeners of a node share one session with the server. Leaves when it is destroyed.
///
/// For the loop of the context that it is from. Moves.
class listener {
public:
  listener(listener&&) noexcept = default;
  listener& operator=(listener&&) noexcept = default;
  ~listener() = default;

  /// The next one; none when all was received and the node ends. For one coroutine at a time: a second one gets
  /// std::logic_error.
  [[nodiscard]] task<std::optional<notification>> next() { return receive(from_.recv()); }

  /// What waits here.
  [[nodiscard]] std::size_t size() const noexcept { return from_.size(); }

private:
  friend class database;

  explicit listener(detail::listening&& to)
    : from_(to.told.subscribe()), seat_(std::move(to.seat)) {}

  template <class Operation>
  static task<std::optional<notification>> receive(Operation next) {
    auto item = co_await std::move(next);
    if (!item)
      co_return std::nullopt;
    item->value.missed = item->missed;
    co_return std::move(item->value);
  }

  broadcast<notification>::subscription from_;
  std::shared_ptr<void> seat_;
};

} // namespace troupe
