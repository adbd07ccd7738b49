#pragma once

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A plain reader of what the gateway sends on a connection. Strict: it knows what a gateway of ours may
/// write, not all that HTTP allows.
namespace troupe::fuzz {

struct answer {
  int status = 0; // 0: the connection ended before its head did
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  std::string body;
  bool whole = true;     // false: the connection ended within it
  bool until_end = false; // only the connection's end is the end of its body

  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const {
    for (const auto& [each, value] : fields)
      if (each == name)
        return value;
    return std::nullopt;
  }
  [[nodiscard]] std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const auto& each) { return each.first == name; }));
  }
  [[nodiscard]] bool closes() const { return field("Connection") == "close"; }
};

/// Takes the answers of a connection that has ended off the front of what came on it.
class answer_reader {
public:
  explicit answer_reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool done() const noexcept { return rest_.empty(); }
  /// What stands behind the answers so far: frames, after 101.
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

  /// `to_head`: to HEAD, so it has no body. REQUIRES: not done.
  answer read(bool to_head) {
    answer out;
    const auto end = rest_.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      check(std::string_view{"HTTP/1.1 "}.starts_with(rest_.substr(0, 9)), "what comes is no answer");
      rest_ = {};
      out.whole = false;
      return out;
    }
    read_head(rest_.substr(0, end + 2), out);
    rest_.remove_prefix(end + 4);
    check_fields(out);
    if (out.status >= 200 && out.status != 204 && out.status != 304)
      read_body(to_head, out);
    return out;
  }

private:
  static void read_head(std::string_view head, answer& out) {
    auto line = take_line(head);
    check(line.starts_with("HTTP/1.1 ") && line.size() > 13 && line[12] == ' ', "a bad status line");
    const auto [end, ec] = std::from_chars(line.data() + 9, line.data() + 12, out.status);
    check(ec == std::errc{} && end == line.data() + 12 && out.status >= 100 && out.status < 600,
          "a status that is none");
    while (!head.empty()) {
      line = take_line(head);
      const auto colon = line.find(": ");
      check(colon != 0 && colon != std::string_view::npos && colon + 2 < line.size(), "a bad field");
      const auto name = line.substr(0, colon);
      check(std::all_of(name.begin(), name.end(), [](char c) {
              return c == '-' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            }),
            "a field's name that none of ours has");
      out.fields.emplace_back(name, line.substr(colon + 2));
    }
  }

  static std::string_view take_line(std::string_view& text) {
    const auto end = text.find("\r\n");
    const auto out = text.substr(0, end);
    text.remove_prefix(end + 2);
    check(std::none_of(out.begin(), out.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }),
          "a control character in a line of a head");
    return out;
  }

  static void check_fields(const answer& what) {
    const auto lengths = what.count("Content-Length"), codings = what.count("Transfer-Encoding");
    if (what.status == 100)
      return check(what.fields.empty(), "a 100 with fields");
    check(what.count("Server") == 1 && what.count("Date") == 1, "not one Server and one Date");
    check(what.count("Connection") <= 1, "Connection twice");
    check(lengths + codings <= 1, "an answer that is framed twice");
    if (what.status < 200 || what.status == 204 || what.status == 304)
      check(lengths + codings == 0, "framing where no body can be");
    check((what.status == 101 || what.status == 426) == (what.count("Upgrade") == 1),
          "Upgrade in the wrong place");
  }

  void read_body(bool to_head, answer& out) {
    auto length = out.field("Content-Length");
    const auto coding = out.field("Transfer-Encoding");
    check(!coding || coding == "chunked", "a transfer coding other than chunked");
    std::uint64_t size = 0;
    if (length)
      check(take_number(*length, 10, size) && length->empty(), "a Content-Length that is no number");
    if (to_head)
      return;
    if (coding) {
      while (read_chunk(out)) {
      }
      return;
    }
    out.until_end = !length;
    check(length || out.closes(), "an answer whose end nobody can know");
    take(length ? size : rest_.size(), out);
  }

  /// False behind the last one.
  bool read_chunk(answer& out) {
    if (rest_.find("\r\n") == std::string_view::npos) {
      rest_ = {};
      return out.whole = false;
    }
    auto line = take_line(rest_);
    std::uint64_t size = 0;
    check(take_number(line, 16, size) && line.empty(), "a chunk's size that is no number");
    if (size > 0)
      take(size, out);
    if (!out.whole || !take_crlf(out))
      return false;
    return size > 0;
  }

  bool take_crlf(answer& out) {
    check(std::string_view{"\r\n"}.starts_with(rest_.substr(0, 2)), "no line end behind a chunk");
    out.whole = rest_.size() >= 2;
    rest_.remove_prefix(std::min<std::size_t>(rest_.size(), 2));
    return out.whole;
  }

  static bool take_number(std::string_view& text, int base, std::uint64_t& out) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return ec == std::errc{};
  }

  void take(std::uint64_t size, answer& out) {
    out.whole = rest_.size() >= size;
    const auto part = rest_.substr(0, size);
    out.body.append(part);
    rest_.remove_prefix(part.size());
  }

  std::string_view rest_;
};

} // namespace troupe::fuzz
