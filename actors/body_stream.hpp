#pragma once

#include "actors/detail/stream_ends.hpp"
#include "actors/task.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

/// The body of a request as it arrives, for a handler that takes one behind the request:
///
///     task<response> upload(context& ctx, const request& req, body_stream body) {
///       std::size_t size = 0;
///       while (auto piece = co_await body.next())
///         size += piece->size();
///       co_return text(std::to_string(size));
///     }
///
/// The client is held up while nobody takes what has come: at most 256 KiB wait here. When the client
/// leaves before the end, the handler is destroyed where it waits. A handler may answer before the end
/// of the body; the rest is dropped, and the connection closed. For the actor's loop; copies take from the
/// same body. What is used after the request was answered throws error{unavailable}.
class body_stream {
public:
  explicit body_stream(std::shared_ptr<detail::part_receiver> from) : from_(std::move(from)) {}

  /// The next piece, as large as it came, some 64 KiB at most; none at the end.
  [[nodiscard]] task<std::optional<std::string>> next() { return take(from_); }

  /// All that is left. error{payload_too_large} when that is more than `limit` bytes.
  [[nodiscard]] task<std::string> rest(std::size_t limit);

private:
  static task<std::optional<std::string>> take(std::shared_ptr<detail::part_receiver> from);

  std::shared_ptr<detail::part_receiver> from_;
};

} // namespace troupe
