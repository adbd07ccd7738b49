#include "actors/events.hpp"

#include "actors/messages/errc.hpp"

#include <utility>

namespace troupe {

namespace {

void check(std::string_view field, std::string_view value) {
  constexpr std::string_view forbidden{"\r\n\0", 3};
  if (value.find_first_of(forbidden) != std::string_view::npos)
    throw error{errc::internal,
                "an event's " + std::string{field} + " has a line break or NUL in it"};
}

void add_line(std::string& out, std::string_view field, std::string_view value) {
  out.append(field).append(": ").append(value).append("\n");
}

/// A line for each of its own; CR, LF and CR LF all end one.
void add_lines(std::string& out, std::string_view field, std::string_view text) {
  for (;;) {
    const auto end = text.find_first_of("\r\n");
    add_line(out, field, text.substr(0, end));
    if (end == std::string_view::npos)
      return;
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
}

} // namespace

task<void> event_writer::send(const event& what) {
  check("name", what.name);
  check("id", what.id);
  std::string out;
  if (!what.name.empty())
    add_line(out, "event", what.name);
  if (!what.id.empty())
    add_line(out, "id", what.id);
  if (what.retry)
    add_line(out, "retry", std::to_string(what.retry->count()));
  add_lines(out, "data", what.data);
  out += '\n';
  return to_.write(std::move(out));
}

task<void> event_writer::comment(std::string_view text) {
  std::string out;
  add_lines(out, "", text);
  out += '\n';
  return to_.write(std::move(out));
}

response events(std::function<task<void>(event_writer)> write) {
  auto out = stream("text/event-stream", [write = std::move(write)](body_writer to) {
    return write(event_writer{std::move(to)});
  });
  out.headers.add("Cache-Control", "no-cache");
  out.headers.add("X-Accel-Buffering", "no"); // nginx would gather what should arrive at once
  return out;
}

} // namespace troupe
