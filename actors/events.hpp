#pragma once

#include "actors/body_writer.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// One server-sent event (HTML, "Server-sent events").
struct event {
  /// May have several lines.
  std::string data;
  /// Its type; empty: "message".
  std::string name;
  /// What the client names as the last one that it has got when it connects again (Last-Event-ID).
  std::string id;
  /// When to connect again after the connection was lost.
  std::optional<std::chrono::milliseconds> retry;
};

/// Where the events of a response go; see `events`.
class event_writer {
public:
  explicit event_writer(body_writer to) : to_(std::move(to)) {}

  /// Goes on when the client may have more. error{internal} for a line break or NUL in `name` or `id`.
  [[nodiscard]] task<void> send(const event& what);
  [[nodiscard]] task<void> send(std::string data) { return send(event{std::move(data), {}, {}, {}}); }
  /// A line that clients ignore: keeps proxies from giving up a connection where nothing happens, and
  /// finds out whether the client is still there.
  [[nodiscard]] task<void> comment(std::string_view text = {});

private:
  body_writer to_;
};

/// 200 with a stream of server-sent events, for an EventSource in a browser:
///
///     co_return events([&ctx](event_writer out) -> task<void> {
///       for (interval each{1s};;) {
///         co_await each.tick();
///         co_await out.send("tick");
///       }
///     });
///
/// As `stream`; it ends when `write` ends or the client leaves.
response events(std::function<task<void>(event_writer)> write);

} // namespace troupe
