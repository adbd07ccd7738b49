#include "actors/detail/multipart_parser.hpp"

#include "actors/detail/field_parameters.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace troupe::detail {
namespace {

using namespace std::string_literals;
using event = multipart_parser::event;

std::string quoted_or_none(const std::optional<std::string>& text) {
  return text ? "\"" + *text + "\"" : "none";
}

/// Takes the events of one piece as text; data in one run, however it comes.
void take_events(multipart_parser& parser, std::string_view piece, std::string& out) {
  parser.give(piece);
  while (true) {
    switch (parser.next()) {
    case event::need_more:
      return;
    case event::part_begins:
      out += "[" + parser.part().name + " file " + quoted_or_none(parser.part().filename)
             + " type \"" + parser.part().content_type + "\": ";
      break;
    case event::data:
      EXPECT_FALSE(parser.data().empty());
      out += parser.data();
      break;
    case event::part_ends:
      out += "]";
      break;
    case event::end:
      out += "end";
      break;
    case event::failed:
      EXPECT_EQ(parser.next(), event::failed);
      return;
    }
  }
}

/// The events of the body in these pieces; at the end "end" or "CODE: WORDS".
std::string events(const std::vector<std::string>& pieces, std::string_view boundary = "b") {
  multipart_parser parser{boundary};
  std::string out;
  for (const auto& each : pieces)
    take_events(parser, each, out);
  if (parser.finish() == event::failed)
    out += std::string{to_string(parser.problem().code)} + ": " + parser.problem().detail;
  return out;
}

std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> out;
  for (const char c : text)
    out.emplace_back(1, c);
  return out;
}

/// The events of the body, whole, byte by byte, and cut in two at each place: they are the same.
std::string events_however_cut(const std::string& body, std::string_view boundary = "b") {
  const auto whole = events({body}, boundary);
  EXPECT_EQ(events(bytes_of(body), boundary), whole) << body;
  for (std::size_t i = 0; i <= body.size(); ++i) {
    const auto cut = events({body.substr(0, i), body.substr(i)}, boundary);
    EXPECT_EQ(cut, whole) << "cut at " << i << ": " << body;
    if (cut != whole)
      break;
  }
  return whole;
}

std::string part(const std::string& name, const std::string& data) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + data + "\r\n";
}

/// A part with that line in its head.
std::string with_line(const std::string& line) {
  return "--b\r\n" + line + "\r\n\r\nx\r\n--b--\r\n";
}

std::string with_disposition(const std::string& value) {
  return with_line("Content-Disposition: " + value);
}

// -- bodies that are right ------------------------------------------------------------------------

TEST(a_multipart_body, comes_out_the_same_wherever_it_is_cut) {
  const std::pair<std::string, std::string> cases[] = {
    {"--b--\r\n", "end"},
    {"--b--", "end"},
    {"\r\n--b--", "end"},
    {part("a", "1") + "--b--\r\n", "[a file none type \"\": 1]end"},
    {"\r\n" + part("a", "1") + part("b", "2") + "--b--",
     "[a file none type \"\": 1][b file none type \"\": 2]end"},
    {part("a", "") + "--b--\r\n", "[a file none type \"\": ]end"},
    {part("a", "") + part("", "x") + "--b--\r\n",
     "[a file none type \"\": ][ file none type \"\": x]end"},
    // a part that has no line end of its own behind its head
    {"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--", "[a file none type \"\": ]end"},
    {"--b\r\nContent-Type: "
     "image/"
     "png\r\ncontent-disposition:form-data;name=a;filename=f.png\r\n\r\n\x89PNG\r\n\r\n--b--",
     "[a file \"f.png\" type \"image/png\": \x89PNG\r\n]end"},
    // almost a boundary
    {part("a", "\r") + "--b--", "[a file none type \"\": \r]end"},
    {part("a", "\r\r\n") + "--b--", "[a file none type \"\": \r\r\n]end"},
    {part("a", "\r\n-") + "--b--", "[a file none type \"\": \r\n-]end"},
    {part("a", "\r\n--") + "--b--", "[a file none type \"\": \r\n--]end"},
    {part("a", "\r\n--\r\n--") + "--b--", "[a file none type \"\": \r\n--\r\n--]end"},
    {part("a", "\n--b--\r--b--") + "--b--", "[a file none type \"\": \n--b--\r--b--]end"},
    {part("a", "-b--") + "--b--", "[a file none type \"\": -b--]end"},
    {part("a", "x--b--\r\n --b") + "--b--", "[a file none type \"\": x--b--\r\n --b]end"},
    {part("a", "\0\xff\r\n\0"s) + "--b--", "[a file none type \"\": \0\xff\r\n\0]end"s},
    // blanks behind a boundary, and whatever behind the last
    {"--b \t \r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b  \r\n"
     "Content-Disposition: form-data; name=b\r\n\r\n2\r\n--b--  \r\n",
     "[a file none type \"\": 1][b file none type \"\": 2]end"},
    {part("a", "1") + "--b--whatever\r\n--b\r\n", "[a file none type \"\": 1]end"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(events_however_cut(body), expected) << body;
}

TEST(a_multipart_body, is_cut_by_long_boundaries_with_marks_in_them) {
  const std::string boundary = "'()+_,-./:=? 0123456789" + std::string(47, '-');
  ASSERT_EQ(boundary.size(), 70u);
  const auto body = "--" + boundary + "\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--"
                    + boundary.substr(0, 69) + "\r\n--" + boundary + "--";
  EXPECT_EQ(events_however_cut(body, boundary),
            "[a file none type \"\": \r\n--" + boundary.substr(0, 69) + "]end");
  EXPECT_EQ(events_however_cut(
              "------\r\nContent-Disposition: form-data; name=a\r\n\r\n---\r\n--------", "----"),
            "[a file none type \"\": ---]end");
}

TEST(a_part, has_its_names_as_clients_write_them) {
  const std::pair<std::string, std::string> cases[] = {
    {"form-data; name=\"a\"; filename=\"f.txt\"", "[a file \"f.txt\" type \"\": x]end"},
    {"form-data; name=\"a\"; filename=\"\"", "[a file \"\" type \"\": x]end"},
    {"FORM-DATA;NAME=a;FILENAME=f.txt", "[a file \"f.txt\" type \"\": x]end"},
    {"form-data ; name=\"a\" ; filename=\"f\" ;", "[a file \"f\" type \"\": x]end"},
    {"form-data; filename=\"f\"; other=1; name=\"a\"", "[a file \"f\" type \"\": x]end"},
    {R"(form-data; name="a\"b\\c"; filename="C:\dir\f")",
     R"([a"b\c file "C:\dir\f" type "": x]end)"},
    {"form-data; name=\"a%22b\"; filename=\"%0d%0A%22\"", "[a\"b file \"\r\n\"\" type \"\": x]end"},
    {"form-data; name=\"100%25%2F%\"; filename=\"%41\"",
     "[100%25%2F% file \"%41\" type \"\": x]end"},
    {"form-data; name=\"a\"; filename=\"../../etc/passwd\"",
     "[a file \"../../etc/passwd\" type \"\": x]end"},
    {"form-data; name=\"\xc3\xa9\"; filename=\"\xe2\x82\xac;=,\"",
     "[\xc3\xa9 file \"\xe2\x82\xac;=,\" type \"\": x]end"},
    {"form-data; name=\"a\"; filename*=UTF-8''%e2%82%ac", "[a file none type \"\": x]end"},
    {"form-data; name=\"a\"; filename=\"f\"; filename*=UTF-8''g", "[a file \"f\" type \"\": x]end"},
    {"form-data; name=\"\"", "[ file none type \"\": x]end"},
  };
  for (const auto& [value, expected] : cases)
    EXPECT_EQ(events_however_cut(with_disposition(value)), expected) << value;
}

TEST(a_part, may_have_other_fields_which_are_passed_over) {
  for (const char* line : {"Content-Transfer-Encoding: binary", "content-transfer-encoding:8BIT",
                           "Content-Transfer-Encoding: 7bit\t", "X-Other: ; = \" \xff",
                           "Content-Length: 7", "X-Empty:"})
    EXPECT_EQ(events_however_cut(with_line("Content-Disposition: form-data; name=a\r\n"s + line)),
              "[a file none type \"\": x]end")
      << line;
}

TEST(a_part, has_its_type_as_sent) {
  EXPECT_EQ(events_however_cut(with_line("Content-Disposition: form-data; name=a\r\n"
                                         "Content-Type: \t text/plain; charset=\"utf-8\" \t")),
            "[a file none type \"text/plain; charset=\"utf-8\"\": x]end");
}

TEST(a_part, of_any_size_is_passed_on_without_being_kept) {
  const std::string megabyte(1 << 20, '\r');
  multipart_parser parser{"b"};
  std::string ignored;
  take_events(parser, "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n", ignored);
  for (int i = 0; i < 8; ++i) {
    parser.give(megabyte);
    std::size_t size = 0;
    while (parser.next() == event::data)
      size += parser.data().size();
    EXPECT_GE(size + 1, megabyte.size()); // the last CR may begin a boundary
  }
}

// -- bodies that are wrong ------------------------------------------------------------------------

constexpr const char* no_first = ", expected the first boundary";
constexpr const char* no_line_end = ", expected a line end or \"--\" behind a boundary";

TEST(a_multipart_body, that_is_wrong_around_boundaries_is_refused_at_the_byte) {
  const std::pair<std::string, std::string> cases[] = {
    {"", "1"s + no_first},
    {"-", "2"s + no_first},
    {"--", "3"s + no_first},
    {"x", "1"s + no_first},
    {"\n--b--", "1"s + no_first},
    {"\r\n\r\n--b--", "3"s + no_first},
    {"\r--b--", "2"s + no_first},
    {"preamble\r\n--b--", "1"s + no_first},
    {"--c--", "3"s + no_first},
    {"--B--", "3"s + no_first},
    {" --b--", "1"s + no_first},
    {"--b", "4"s + no_line_end},
    {"--b-", "5"s + no_line_end},
    {"--b\r", "5"s + no_line_end},
    {"--bb--", "4"s + no_line_end},
    {"--b\n", "4"s + no_line_end},
    {"--b\r\r\n", "5"s + no_line_end},
    {"--b -", "5"s + no_line_end},
    {"--b-\r\n", "5"s + no_line_end},
    {"--b- -", "5"s + no_line_end},
    {"--b --\r\n", "5"s + no_line_end},
    {"--b:\r\n", "4"s + no_line_end},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(events_however_cut(body),
              "invalid_argument: the multipart body is wrong at byte " + expected)
      << body;
  EXPECT_EQ(events_however_cut(part("a", "1") + "--bc"),
            "[a file none type \"\": 1]invalid_argument: the multipart body is wrong at byte 56"s
              + no_line_end);
}

TEST(a_multipart_body, that_ends_within_a_part_is_refused) {
  const auto whole = part("a", "1") + "--b--";
  const auto begin = whole.find("\r\n") + 2;
  for (auto size = begin; size <= whole.rfind("\r\n--b--") + 4; ++size) {
    const auto found = events({whole.substr(0, size)});
    EXPECT_TRUE(
      found.ends_with("invalid_argument: part 1 of the multipart body: the body ends within it"))
      << size << ": " << found;
  }
}

TEST(a_multipart_body, with_a_head_that_is_wrong_is_refused_with_its_part) {
  const std::pair<std::string, std::string> cases[] = {
    {"--b\r\n\r\nx\r\n--b--", "it has no Content-Disposition"},
    {with_line("Content-Type: text/plain"), "it has no Content-Disposition"},
    {with_line("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b"),
     "Content-Disposition stands there twice"},
    {with_line("Content-Type: a/b\r\nContent-Type: a/b"), "Content-Type stands there twice"},
    {with_line("Content-Transfer-Encoding: base64"),
     "Content-Transfer-Encoding is \"base64\", expected binary"},
    {with_line("Content-Transfer-Encoding:"), "Content-Transfer-Encoding is \"\", expected binary"},
    {"--b\r\nContent-Disposition: form-data; name=a\n\r\n",
     "its head has a line that does not end with CR LF"},
    {"--b\r\n\n", "its head has a line that does not end with CR LF"},
    {with_line("no field"), "its head has the line \"no field\", expected NAME: VALUE"},
    {with_line(": a"), "its head has the line \": a\", expected NAME: VALUE"},
    {with_line("Content-Disposition : form-data; name=a"),
     "its head has the line \"Content-Disposition : form-data; name=a\", expected NAME: VALUE"},
    {with_line("Content-Disposition: form-data;\r\n name=a"),
     "Content-Disposition is \"form-data;\", expected form-data; name=\"...\""},
    {with_line("Content-Disposition: form-data; name=a\r\n folded: x"),
     "its head has the line \" folded: x\", expected NAME: VALUE"},
    {with_line("X: a\rb"), "its head has the line \"X: a\\x0db\", expected NAME: VALUE"},
    {with_line("X: a\0b"s), "its head has the line \"X: a\\x00b\", expected NAME: VALUE"},
    {with_line("X: \x7f"), "its head has the line \"X: \\x7f\", expected NAME: VALUE"},
    {with_line("--b"), "its head has the line \"--b\", expected NAME: VALUE"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(events_however_cut(body),
              "invalid_argument: part 1 of the multipart body: " + expected)
      << body;
  EXPECT_EQ(events_however_cut(part("a", "1") + with_line("X")),
            "[a file none type \"\": 1]invalid_argument: part 2 of the multipart body: "
            "its head has the line \"X\", expected NAME: VALUE");
}

TEST(a_part, is_refused_unless_it_says_how_its_field_is_called) {
  for (const char* value : {"",
                            "form-data",
                            "form-data;",
                            "attachment; name=\"a\"",
                            "form-data name=\"a\"",
                            "form-data; name",
                            "form-data; name=",
                            "form-data; name =a",
                            "form-data; name= a",
                            "form-data; name=\"a",
                            "form-data; name=\"a\\\"",
                            "form-data; name=\"a\"b",
                            "form-data; name=a b",
                            "form-data; name=a; name=b",
                            "form-data; name=a; NAME=\"b\"",
                            "form-data; name=a; filename=f; filename=g",
                            "form-data; =a; name=a",
                            "form-data; name=a, b",
                            "form-data; name='a;b",
                            "form-data; filename=\"f\"",
                            "form-data; names=a",
                            "form-data; name*=UTF-8''a",
                            "; name=a",
                            "form-data; name=\xc3\xa9"}) {
    const auto found = events_however_cut(with_disposition(value));
    EXPECT_TRUE(
      found.starts_with("invalid_argument: part 1 of the multipart body: Content-Disposition is "))
      << value << ": " << found;
  }
}

// -- bounds ---------------------------------------------------------------------------------------

std::string head_of_size(std::size_t size) {
  const auto fixed = "Content-Disposition: form-data; name=a\r\nX: \r\n\r\n"s;
  return "Content-Disposition: form-data; name=a\r\nX: " + std::string(size - fixed.size() - 2, 'x')
         + "\r\n\r\n";
}

TEST(a_multipart_body, has_heads_of_bounded_size) {
  constexpr auto most =
    multipart_parser::most_head_bytes; // with the two bytes of the boundary's line end
  EXPECT_EQ(events_however_cut("--b\r\n" + head_of_size(most) + "1\r\n--b--"),
            "[a file none type \"\": 1]end");
  const auto refusal =
    "payload_too_large: part 1 of the multipart body: its head has more than 8192 bytes"s;
  EXPECT_EQ(events_however_cut("--b\r\n" + head_of_size(most + 1) + "1\r\n--b--"), refusal);
  EXPECT_EQ(events({"--b\r\n" + std::string(most, 'x')}),
            refusal); // without waiting for the line's end
  EXPECT_EQ(events({"--b" + std::string(most + 1, ' ')}),
            "invalid_argument: the multipart body is wrong at byte 8196, expected a shorter line");
}

TEST(a_part, has_a_bounded_number_of_parameters) {
  const auto with_parameters = [](std::size_t count) {
    std::string value = "form-data; name=a";
    for (std::size_t i = 1; i < count; ++i)
      value += "; p" + std::to_string(i) + "=x";
    return events_however_cut(with_disposition(value));
  };
  EXPECT_EQ(with_parameters(most_field_parameters), "[a file none type \"\": x]end");
  EXPECT_TRUE(
    with_parameters(most_field_parameters + 1)
      .starts_with("invalid_argument: part 1 of the multipart body: Content-Disposition is "));
}

TEST(a_multipart_body, has_a_bounded_number_of_parts) {
  std::string body;
  for (std::size_t i = 0; i < multipart_parser::most_parts; ++i)
    body += part("a", "1");
  EXPECT_TRUE(events({body + "--b--"}).ends_with("[a file none type \"\": 1]end"));
  const auto refused = events({body + part("a", "1") + "--b--"});
  EXPECT_TRUE(refused.ends_with("]payload_too_large: the multipart body has more than 1000 parts"))
    << refused;
}

TEST(a_multipart_body, has_little_behind_its_end) {
  const std::string most(multipart_parser::most_epilogue_bytes, 'x');
  EXPECT_EQ(events_however_cut("--b--" + most), "end");
  EXPECT_EQ(
    events_however_cut("--b--" + most + "x"),
    "endpayload_too_large: the multipart body has more than 1024 bytes behind its last boundary");
}

// -- the boundary ---------------------------------------------------------------------------------

/// The boundary, or the code.
std::string boundary(std::string_view content_type) {
  const auto found = boundary_of(content_type);
  if (const auto* text = std::get_if<std::string>(&found))
    return *text;
  return std::string{to_string(std::get<failure>(found).code)};
}

TEST(a_boundary, is_taken_out_of_content_type) {
  const std::pair<std::string, std::string> cases[] = {
    {"multipart/form-data; boundary=abc", "abc"},
    {"Multipart/Form-Data;BOUNDARY=abc", "abc"},
    {"multipart/form-data ; charset=utf-8; boundary=\"a b\" ;", "a b"},
    {"multipart/form-data; boundary=\"'()+_,-./:=?\"", "'()+_,-./:=?"},
    {"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
     "----WebKitFormBoundary7MA4YWxkTrZu0gW"},
    {"multipart/form-data; boundary=" + std::string(70, 'a'), std::string(70, 'a')},
  };
  for (const auto& [type, expected] : cases)
    EXPECT_EQ(boundary(type), expected) << type;
}

TEST(a_boundary, that_is_missing_or_not_allowed_is_refused) {
  for (const std::string& type :
       {"multipart/form-data"s, "multipart/form-data;"s, "multipart/form-data; boundary"s,
        "multipart/form-data; boundary="s, "multipart/form-data; boundary=\"\""s,
        "multipart/form-data; boundary=\"a \""s, "multipart/form-data; boundary=\"a"s,
        "multipart/form-data; boundary=a b"s, "multipart/form-data; boundary=a; boundary=a"s,
        "multipart/form-data; boundary=a!"s, "multipart/form-data; boundary=\"\xc3\xa9\""s,
        "multipart/form-data; boundary=\"a\\\\\""s, "multipart/form-data; boundary=\"a\r\n\""s,
        "multipart/form-data; x=\"\x01\"; boundary=a"s,
        "multipart/form-data; boundary="s + std::string(71, 'a')})
    EXPECT_EQ(boundary(type), "invalid_argument") << type;
  const auto found = boundary_of("multipart/form-data");
  EXPECT_EQ(std::get<failure>(found).detail, "Content-Type is \"multipart/form-data\", expected a "
                                             "boundary of 1 to 70 characters that RFC 2046 allows");
}

TEST(a_boundary, is_not_looked_for_in_other_types) {
  for (const char* type :
       {"", "multipart/mixed; boundary=a", "multipart/form-data2; boundary=a", "text/plain",
        "form-data; boundary=a", "multipart/form-data, boundary=a"})
    EXPECT_EQ(boundary(type), "unsupported_media_type") << type;
  EXPECT_EQ(std::get<failure>(boundary_of("text/plain")).detail,
            "Content-Type is \"text/plain\", expected multipart/form-data");
}

} // namespace
} // namespace troupe::detail
