// Field lines: names, colons, values, ends of lines; how many and how large.
#include "tests/conformance/case.hpp"

namespace troupe::test {

namespace {

using namespace std::string_literals;

/// A GET with this field line; a service answers with the fields it sees.
std::string with_line(const std::string& line) {
  return "GET /fields HTTP/1.1\r\nHost: h\r\n" + line + "\r\n\r\n";
}

std::string repeated(const std::string& line, unsigned times) {
  std::string out;
  for (unsigned i = 0; i < times; ++i)
    out += line;
  return out;
}

conformance_table shape_cases() {
  using enum fate;
  return {
      {"a field", "9112 5", with_line("A: b"), {200}, stays, "Host=h;A=b;"},
      {"a field without white space", "9112 5", with_line("A:b"), {200}, stays, "Host=h;A=b;"},
      {"a field with much white space",
       "9112 5.1",
       with_line("A: \t b c \t "),
       {200},
       stays,
       "Host=h;A=b c;"},
      {"an empty field", "9112 5", with_line("A:"), {200}, stays, "Host=h;A=;"},
      {"a field of white space", "9112 5.1", with_line("A: \t "), {200}, stays, "Host=h;A=;"},
      {"a field that repeats",
       "9110 5.3",
       with_line("A: b\r\nA: c"),
       {200},
       stays,
       "Host=h;A=b;A=c;"},
      {"a value with a colon", "9112 5", with_line("A: b: c"), {200}, stays, "Host=h;A=b: c;"},
      {"a value of all visible characters",
       "9110 5.5",
       with_line("A: \"(),/:;<=>?@[\\]{}"),
       {200},
       stays,
       "Host=h;A=\"(),/:;<=>?@[\\]{};"},
      {"a value beyond ASCII",
       "9110 5.5",
       with_line("A: \xc3\xa4\xff"),
       {200},
       stays,
       "Host=h;A=\xc3\xa4\xff;"},
      {"a name of all token characters",
       "9110 5.6.2",
       with_line("!#$%&'*+-.^_`|~09aZ: b"),
       {200},
       stays,
       "Host=h;!#$%&'*+-.^_`|~09aZ=b;"},
      {"a space before the colon", "9112 5.1", with_line("A : b"), {400}},
      {"a tab before the colon", "9112 5.1", with_line("A\t: b"), {400}},
      {"a space before the colon of Content-Length",
       "9112 5.1",
       echo("Content-Length : 3\r\n", "abc"),
       {400}},
      {"a space before the colon of Transfer-Encoding",
       "9112 5.1",
       echo("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
       {400}},
      {"a space within the name", "9112 5", with_line("A b: c"), {400}},
      {"no colon", "9112 5", with_line("A"), {400}},
      {"no name", "9112 5", with_line(": b"), {400}},
      {"a colon alone", "9112 5", with_line(":"), {400}},
      {"a name in quotes", "9110 5.6.2", with_line("\"A\": b"), {400}},
      {"a name with parentheses", "9110 5.6.2", with_line("A(b): c"), {400}},
      {"a name beyond ASCII", "9110 5.6.2", with_line("\xc3\x84: b"), {400}},
      {"a name with a NUL", "9110 5.6.2", with_line("A\0: b"s), {400}},
      {"a name with a control character", "9110 5.6.2", with_line("A\x01: b"), {400}},
      {"a name with a vertical tab", "9110 5.6.2", with_line("Content-Length\x0b: 3"), {400}},
      {"a name with a DEL", "9110 5.6.2", with_line("A\x7f: b"), {400}},
      {"a name with an underscore is another name",
       "9110 5.1",
       "GET /echo HTTP/1.1\r\nHost: h\r\nContent_Length: 3\r\n\r\n",
       {200},
       stays,
       "no body"},
  };
}

conformance_table line_cases() {
  using enum fate;
  return {
      {"a folded line", "9112 5.2", with_line("A: b\r\n c"), {400}},
      {"a line folded by a tab", "9112 5.2", with_line("A: b\r\n\tc"), {400}},
      {"a folded line of white space", "9112 5.2", with_line("A: b\r\n "), {400}},
      {"a line folded before its value", "9112 5.2", with_line("A:\r\n b"), {400}},
      {"a folded Transfer-Encoding",
       "9112 5.2",
       echo("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
       {400}},
      {"a folded Content-Length", "9112 5.2", echo("Content-Length:\r\n 3\r\n", "abc"), {400}},
      {"a folded Host", "9112 5.2", "GET / HTTP/1.1\r\nHost: h\r\n x\r\n\r\n", {400}},
      {"a field hidden in a folded line",
       "9112 5.2",
       echo("A: b\r\n Content-Length: 3\r\n", "abc"),
       {400}},
      {"white space before the first field",
       "9112 2.2",
       "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
       {400}},
      {"white space before the first field, and Host behind",
       "9112 2.2",
       "GET / HTTP/1.1\r\n A: b\r\nHost: h\r\n\r\n",
       {400}},
      {"a line of white space before the fields",
       "9112 2.2",
       "GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n",
       {400}},
      {"a field that ends with LF alone", "9112 2.2", with_line("A: b\nB: c"), {400}},
      {"a field that ends with CR alone", "9112 2.2", with_line("A: b\rB: c"), {400}},
      {"a field that ends with CR CR LF", "9112 2.2", with_line("A: b\r"), {400}},
      {"a field that ends with LF CR", "9112 2.2", with_line("A: b\n\rB: c"), {400}},
      {"a head that ends with LF alone", "9112 2.2", "GET / HTTP/1.1\r\nHost: h\r\n\n", {400}},
      {"a head that ends with two LFs", "9112 2.2", "GET / HTTP/1.1\r\nHost: h\n\n", {400}},
      {"a head that ends with CR and something else",
       "9112 2.2",
       "GET / HTTP/1.1\r\nHost: h\r\n\rx",
       {400}},
      {"a length behind an LF alone",
       "9112 2.2",
       echo("A: b\nContent-Length: 3\r\n", "abc"),
       {400}},
      {"a value with a NUL", "9110 5.5", with_line("A: b\0c"s), {400}},
      {"a value with a CR", "9110 5.5", with_line("A: b\rc"), {400}},
      {"a value with a control character", "9110 5.5", with_line("A: b\x01"), {400}},
      {"a value with a vertical tab", "9110 5.5", with_line("A: \x0b b"), {400}},
      {"a value with a form feed", "9110 5.5", with_line("A: \x0c b"), {400}},
      {"a value with an escape character", "9110 5.5", with_line("A: \x1b[0m"), {400}},
      {"a value with a DEL", "9110 5.5", with_line("A: \x7f"), {400}},
      {"as many fields as the limit",
       "6585 5",
       get("/", repeated("A: b\r\n", field_limit - 1)),
       {200},
       stays,
       "root"},
      {"more fields than the limit", "6585 5", get("/", repeated("A: b\r\n", field_limit)), {431}},
      {"a field larger than the limit",
       "6585 5",
       get("/", "A: " + std::string(header_limit, 'b') + "\r\n"),
       {431}},
      {"a field that has no end",
       "6585 5",
       "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(header_limit, 'b'),
       {431}},
      {"a name that has no end",
       "6585 5",
       "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(header_limit, 'b'),
       {431}},
  };
}

} // namespace

conformance_table field_cases() {
  auto out = shape_cases();
  for (auto& each : line_cases())
    out.push_back(std::move(each));
  return out;
}

} // namespace troupe::test
