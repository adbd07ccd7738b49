#include "actors/detail/multipart_parser.hpp"

#include "actors/detail/field_parameters.hpp"
#include "actors/messages/header_list.hpp"
#include "actors/messages/quoted.hpp"

#include <algorithm>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::string_view line_end = "\r\n";

/// RFC 2046, 5.1.1.
bool is_boundary(std::string_view text) {
  constexpr std::size_t longest = 70;
  static constexpr std::string_view marks = "'()+_,-./:=? ";
  const auto may_stand_there = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || marks.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= longest && text.back() != ' '
         && std::ranges::all_of(text, may_stand_there);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

} // namespace

std::variant<std::string, failure> boundary_of(std::string_view content_type) {
  constexpr std::string_view type = "multipart/form-data";
  const auto found = "Content-Type is " + quoted(content_type) + ", expected ";
  if (!equals_ignore_case(without_blanks(content_type.substr(0, content_type.find(';'))), type))
    return failure{errc::unsupported_media_type, found + std::string{type}};
  const auto parsed = parse_field_with_parameters(content_type);
  const auto* boundary = parsed ? parsed->find("boundary") : nullptr;
  if (boundary == nullptr || !is_boundary(*boundary))
    return failure{errc::invalid_argument,
                   found + "a boundary of 1 to 70 characters that RFC 2046 allows"};
  return *boundary;
}

multipart_parser::multipart_parser(std::string_view boundary)
  : delimiter_("\r\n--" + std::string{boundary}) {}

void multipart_parser::give(std::string_view piece) noexcept {
  rest_ = piece;
  given_ += piece.size();
}

multipart_parser::event multipart_parser::next() {
  while (true)
    if (const auto found = step())
      return *found;
}

multipart_parser::event multipart_parser::finish() {
  switch (state_) {
  case state::begin:
  case state::first_boundary:
    return fail_here("the first boundary");
  case state::after_boundary:
    return fail_here("a line end or \"--\" behind a boundary");
  case state::head:
  case state::body:
    return fail_in_part(errc::invalid_argument, "the body ends within it");
  case state::epilogue:
    return event::end;
  case state::failed:
    break;
  }
  return event::failed;
}

std::optional<multipart_parser::event> multipart_parser::step() {
  if (state_ == state::failed)
    return event::failed;
  if (rest_.empty())
    return event::need_more;
  switch (state_) {
  case state::begin:
    // The boundary's line may be the first.
    begin_matching(rest_.starts_with('\r') ? 0 : line_end.size());
    state_ = state::first_boundary;
    return std::nullopt;
  case state::first_boundary:
    return read_first_boundary();
  case state::after_boundary:
    return read_after_boundary();
  case state::head:
    return read_head();
  case state::body:
    return read_body();
  case state::epilogue:
    return read_epilogue();
  case state::failed:
    break;
  }
  return event::failed;
}

// -- boundaries -----------------------------------------------------------------------------------

void multipart_parser::begin_matching(std::size_t implied) noexcept {
  matched_ = implied;
  implied_ = implied;
}

/// Goes on with a match as far as the piece does. True: the delimiter is complete.
bool multipart_parser::match_more() noexcept {
  const auto expected = std::string_view{delimiter_}.substr(matched_);
  const auto differs = std::ranges::mismatch(expected, rest_).in1;
  const auto same = static_cast<std::size_t>(differs - expected.begin());
  rest_.remove_prefix(same);
  matched_ += same;
  return same == expected.size();
}

/// Where in the piece the delimiter begins, perhaps to be cut off by its end; the piece's size when
/// it begins nowhere.
std::size_t multipart_parser::find_delimiter() const noexcept {
  for (auto at = rest_.find('\r'); at != std::string_view::npos; at = rest_.find('\r', at + 1))
    if (delimiter_.starts_with(rest_.substr(at, delimiter_.size())))
      return at;
  return rest_.size();
}

std::optional<multipart_parser::event> multipart_parser::read_first_boundary() {
  if (match_more()) {
    state_ = state::after_boundary;
    return std::nullopt;
  }
  return rest_.empty() ? std::nullopt : std::optional{fail_here("the first boundary")};
}

std::optional<multipart_parser::event> multipart_parser::read_after_boundary() {
  const auto c = rest_.front();
  const auto before = std::exchange(before_, c);
  const bool goes_on = before == 0 || is_blank(before);
  if (++head_bytes_ > most_head_bytes)
    return fail_here("a shorter line");
  if (c == '-' && before == '-') {
    rest_.remove_prefix(1);
    state_ = state::epilogue;
    return event::end;
  }
  if (c == '\n' && before == '\r') {
    rest_.remove_prefix(1);
    return begin_part();
  }
  if (!(c == '-' && before == 0) && !((is_blank(c) || c == '\r') && goes_on))
    return fail_here("a line end or \"--\" behind a boundary");
  rest_.remove_prefix(1);
  return std::nullopt;
}

// -- parts ----------------------------------------------------------------------------------------

std::optional<multipart_parser::event> multipart_parser::begin_part() {
  if (++parts_ > most_parts)
    return fail(errc::payload_too_large,
                "the multipart body has more than " + std::to_string(most_parts) + " parts");
  head_ = {};
  line_.clear();
  state_ = state::head;
  return std::nullopt;
}

std::optional<multipart_parser::event> multipart_parser::read_head() {
  const auto end = rest_.find('\n');
  const auto size = end == std::string_view::npos ? rest_.size() : end + 1;
  head_bytes_ += size;
  if (head_bytes_ > most_head_bytes)
    return fail_in_part(errc::payload_too_large,
                        "its head has more than " + std::to_string(most_head_bytes) + " bytes");
  line_.append(rest_.substr(0, size));
  rest_.remove_prefix(size);
  if (end == std::string_view::npos)
    return std::nullopt;
  std::string_view line{line_};
  if (!line.ends_with(line_end))
    return fail_in_part(errc::invalid_argument, "its head has a line that does not end with CR LF");
  line.remove_suffix(line_end.size());
  if (const auto wrong = line.empty() ? head_.finish() : head_.add(line))
    return fail_in_part(errc::invalid_argument, *wrong);
  const bool is_last = line.empty();
  line_.clear();
  if (!is_last)
    return std::nullopt;
  state_ = state::body;
  begin_matching(line_end.size()); // a part may end right behind its head (RFC 2046, 5.1.1)
  return event::part_begins;
}

std::optional<multipart_parser::event> multipart_parser::read_body() {
  if (matched_ == 0)
    if (const auto before = find_delimiter(); before > 0) {
      data_ = rest_.substr(0, before);
      rest_.remove_prefix(before);
      return event::data;
    }
  if (match_more()) {
    state_ = state::after_boundary;
    before_ = 0;
    head_bytes_ = 0;
    return event::part_ends;
  }
  if (rest_.empty())
    return std::nullopt;
  // No boundary after all.
  data_ = std::string_view{delimiter_}.substr(implied_, matched_ - implied_);
  begin_matching(0);
  return data_.empty() ? std::nullopt : std::optional{event::data};
}

std::optional<multipart_parser::event> multipart_parser::read_epilogue() {
  epilogue_bytes_ += rest_.size();
  rest_ = {};
  if (epilogue_bytes_ <= most_epilogue_bytes)
    return std::nullopt;
  return fail(errc::payload_too_large, "the multipart body has more than "
                                         + std::to_string(most_epilogue_bytes)
                                         + " bytes behind its last boundary");
}

// -- failures -------------------------------------------------------------------------------------

multipart_parser::event multipart_parser::fail_here(std::string_view expected) {
  return fail(errc::invalid_argument, "the multipart body is wrong at byte "
                                        + std::to_string(given_ - rest_.size() + 1) + ", expected "
                                        + std::string{expected});
}

multipart_parser::event multipart_parser::fail_in_part(errc code, std::string_view what) {
  return fail(code,
              "part " + std::to_string(parts_) + " of the multipart body: " + std::string{what});
}

multipart_parser::event multipart_parser::fail(errc code, std::string what) {
  state_ = state::failed;
  problem_ = {code, std::move(what)};
  return event::failed;
}

} // namespace troupe::detail
