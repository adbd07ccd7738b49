#pragma once

#include "actors/detail/stream_ends.hpp"
#include "actors/messages/response.hpp"
#include "actors/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Where a response's body is written to, piece by piece; see `stream`. For the actor's loop; copies
/// write to the same body.
class body_writer {
public:
  explicit body_writer(std::shared_ptr<detail::part_sender> to) : to_(std::move(to)) {}

  /// Goes on when the piece is on its way and the client may have more: as long as it does not read, the
  /// coroutine waits. A client that leaves, or takes less than `http.min_transfer_rate`, has the
  /// coroutine destroyed where it waits.
  [[nodiscard]] task<void> write(std::string piece) { return send(to_, std::move(piece)); }

private:
  static task<void> send(std::shared_ptr<detail::part_sender> to, std::string piece);

  std::shared_ptr<detail::part_sender> to_;
};

/// Writes a body; it lives as long as the coroutine that it gives.
using body_producer = std::function<task<void>(body_writer)>;

/// What makes the body of a response after its head has gone out.
struct body_source {
  body_producer write;
  /// In bytes, when it is known; then exactly so much has to be written.
  std::optional<std::uint64_t> length;
};

/// 200 with a body that `write` writes:
///
///     co_return stream("text/csv", [&ctx](body_writer out) -> task<void> {
///       for (int i = 0; i < 1'000'000; ++i)
///         co_await out.write(std::to_string(i) + "\n");
///     });
///
/// It is called once, after the handler has ended: it owns its captures, and does not refer to the
/// handler's locals or the request; the context is there as long as it runs. An exception of its own
/// cuts the connection, so that the client knows that the body is not whole, and stands in the log. With
/// `length`, Content-Length says it; otherwise the body goes out chunked. HEAD is answered without a call.
response stream(std::string_view content_type, body_producer write,
                std::optional<std::uint64_t> length = std::nullopt);

} // namespace troupe
