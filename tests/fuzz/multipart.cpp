// Input: a Content-Type, a line end, a body. However the body is cut, the same parts come out of
// it, no more than was in it; and written anew they are read as the same.

#include "actors/detail/multipart_parser.hpp"
#include "actors/messages/header_list.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::detail {
namespace {

using event = multipart_parser::event;
using fuzz::check;
using fuzz::check_equal;

struct whole_part {
  multipart_part head;
  std::string data;
  bool ended = false;
};

struct outcome {
  std::vector<whole_part> parts;
  bool ended = false;
  std::string refusal; // empty: none
};

/// Takes the events of one piece; they come in an order that makes sense.
void take_events(multipart_parser& parser, std::string_view piece, outcome& out) {
  parser.give(piece);
  while (true) {
    const auto found = parser.next();
    const bool within = !out.parts.empty() && !out.parts.back().ended;
    switch (found) {
    case event::need_more:
    case event::failed:
      return;
    case event::part_begins:
      check(!within && !out.ended, "a part begins within another, or behind the end");
      out.parts.push_back({parser.part(), {}, false});
      break;
    case event::data:
      check(within && !parser.data().empty(), "data of no part, or none");
      out.parts.back().data += parser.data();
      break;
    case event::part_ends:
      check(within, "the end of no part");
      out.parts.back().ended = true;
      break;
    case event::end:
      check(!within && !out.ended, "the end within a part, or for the second time");
      out.ended = true;
      break;
    }
  }
}

template <class Step>
outcome parse(std::string_view boundary, std::string_view body, Step step) {
  multipart_parser parser{boundary};
  outcome out;
  for (auto rest = body; !rest.empty();) {
    // A piece of its own memory: reading beyond it is seen.
    const std::vector<char> piece(
      rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(std::min(rest.size(), step())));
    rest.remove_prefix(piece.size());
    take_events(parser, {piece.data(), piece.size()}, out);
  }
  if (parser.finish() == event::failed) {
    const auto& [code, words] = parser.problem();
    check(code == errc::invalid_argument || code == errc::payload_too_large, "another code");
    out.refusal = std::string{to_string(code)} + ": " + words;
  }
  return out;
}

std::string describe(const outcome& what) {
  std::string out;
  for (const auto& each : what.parts)
    out += "name " + each.head.name + "\nfile " + each.head.filename.value_or("none") + "\ntype "
           + each.head.content_type + "\n" + each.data + (each.ended ? "\nended\n" : "\n");
  return out + (what.ended ? "end\n" : "") + what.refusal;
}

void check_size(const outcome& what, std::size_t size) {
  std::size_t sum = 0;
  for (const auto& each : what.parts)
    sum += each.data.size() + each.head.name.size() + each.head.content_type.size()
           + each.head.filename.value_or("").size();
  check(sum <= size, "more has come out than went in");
  check(what.parts.size() <= multipart_parser::most_parts, "too many parts");
}

/// As a browser writes names, with backslashes escaped, too.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text)
    switch (c) {
    case '"':
      out += "%22";
      break;
    case '\r':
      out += "%0D";
      break;
    case '\n':
      out += "%0A";
      break;
    case '\\':
      out += "\\\\";
      break;
    default:
      out += c;
    }
  return out;
}

/// Parts that have all come, written anew, are read as the same parts.
void check_written_anew(const outcome& what) {
  constexpr std::string_view boundary = "a boundary that no input is likely to have: 8d2f0c5b";
  std::string body;
  for (const auto& [head, data, ended] : what.parts) {
    if (data.find(boundary) != std::string::npos)
      return;
    body.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=\"");
    body += escape(head.name) + "\"";
    if (head.filename)
      body += "; filename=\"" + escape(*head.filename) + "\"";
    body += "\r\n";
    if (!head.content_type.empty())
      body += "Content-Type: " + head.content_type + "\r\n";
    body += "\r\n" + data + "\r\n";
  }
  body.append("--").append(boundary).append("--");
  outcome expected{what.parts, true, {}};
  check_equal(describe(parse(boundary, body, [] { return ~std::size_t{0}; })), describe(expected),
              "parts written anew are others");
}

} // namespace
} // namespace troupe::detail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::detail;
  auto body = troupe::fuzz::text_of(data, size);
  const auto type = troupe::fuzz::take_until(body, '\n');
  const auto boundary = boundary_of(type);
  if (const auto* refusal = std::get_if<troupe::failure>(&boundary)) {
    check(!refusal->detail.empty(), "a refusal without words");
    return 0;
  }
  const auto& text = std::get<std::string>(boundary);
  check(!text.empty() && text.size() <= 70 && text.size() <= type.size(), "a boundary of bad size");
  const auto at_once = parse(text, body, [] { return ~std::size_t{0}; });
  check_size(at_once, body.size());
  const auto expected = describe(at_once);
  check_equal(describe(parse(text, body, [] { return std::size_t{1}; })), expected,
              "byte by byte something else comes out");
  troupe::fuzz::derived_numbers numbers{body};
  for (const std::size_t most : {std::size_t{4}, std::size_t{64}})
    check_equal(describe(parse(text, body, [&] { return numbers.next(most); })), expected,
                "cut elsewhere something else comes out");
  if (at_once.ended)
    check_written_anew(at_once);
  return 0;
}
