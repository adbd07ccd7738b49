// Chunked bodies: sizes, extensions, ends of lines, trailers.
#include "tests/conformance/case.hpp"

namespace troupe::test {

namespace {

using namespace std::string_literals;

/// A body of one chunk that is "abc", behind this line.
std::string with_size(const std::string& line) {
  return chunked(line + "\r\nabc\r\n0\r\n\r\n");
}

/// A body "abc" with these trailer lines; a service answers with the fields it sees.
std::string with_trailer(const std::string& lines) {
  return "POST /fields HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" + lines
         + "\r\n";
}

const std::string seen = "Host=h;Transfer-Encoding=chunked;";

conformance_table size_cases() {
  using enum fate;
  return {
      {"a chunk", "9112 7.1", with_size("3"), {200}, stays, "abc"},
      {"two chunks", "9112 7.1", chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), {200}, stays, "abcde"},
      {"a size in lower case", "9112 7.1", chunked("a\r\n0123456789\r\n0\r\n\r\n"), {200}, stays,
       "0123456789"},
      {"a size in upper case", "9112 7.1", chunked("A\r\n0123456789\r\n0\r\n\r\n"), {200}, stays,
       "0123456789"},
      {"a size with leading zeros", "9112 7.1", with_size("0003"), {200, 400}, closes_if_refused,
       "abc"},
      {"a last chunk of many zeros", "9112 7.1", chunked("3\r\nabc\r\n000\r\n\r\n"), {200, 400},
       closes_if_refused, "abc"},
      {"data that looks like an end", "9112 7.1", chunked("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"), {200},
       stays, "\r\n0\r\n\r\n"},
      {"a request in a chunk", "9112 11.2", chunked("14\r\nGET / HTTP/1.1\r\n\r\n!!\r\n0\r\n\r\n"), {200},
       stays, "GET / HTTP/1.1\r\n\r\n!!"},
      {"a request behind the end", "9112 9.3.2", with_size("3") + get("/"), {200}, stays, "root", 2},
      {"an empty size", "9112 7.1", with_size(""), {400}},
      {"a size of a word", "9112 7.1", with_size("xyz"), {400}},
      {"a size with a prefix", "9112 7.1", with_size("0x3"), {400}},
      {"a size with a plus sign", "9112 7.1", with_size("+3"), {400}},
      {"a negative size", "9112 7.1", with_size("-3"), {400}},
      {"a space before a size", "9112 7.1", with_size(" 3"), {400}},
      {"a tab before a size", "9112 7.1", with_size("\t3"), {400}},
      {"a space behind a size", "9112 7.1", with_size("3 "), {400}},
      {"a tab behind a size", "9112 7.1", with_size("3\t"), {400}},
      {"a space within a size", "9112 7.1", with_size("0 3"), {400}},
      {"a size with a separator", "9112 7.1", with_size("0_3"), {400}},
      {"a size with a comma", "9112 7.1", with_size("3,3"), {400}},
      {"a size with a NUL", "9112 7.1", with_size("3\0"s), {400}},
      {"a size beyond ASCII", "9112 7.1", with_size("\xd9\xa3"), {400}},
      {"a size of 2^64", "9112 7.1", with_size("10000000000000000"), {400, 413}},
      {"a size of 2^64 + 3", "9112 7.1", with_size("10000000000000003"), {400, 413}},
      {"a size of 2^64 - 1", "9112 7.1", with_size("ffffffffffffffff"), {413, 400}},
      {"a size of 2^32 + 3", "9112 7.1", with_size("100000003"), {413, 400}},
      {"a size of a hundred digits", "9112 7.1", with_size(std::string(100, 'f')), {400, 413}},
      {"a size of zeros without end", "9112 7.1", chunked(std::string(header_limit + 10, '0')),
       {400, 413, 431}},
      {"chunks as large as the limit", "9110 15.5.14",
       chunked("60\r\n" + std::string(96, 'x') + "\r\n4\r\nxxxx\r\n0\r\n\r\n"), {200}, stays,
       std::string(body_limit, 'x')},
      {"chunks beyond the limit", "9110 15.5.14",
       chunked("60\r\n" + std::string(96, 'x') + "\r\n5\r\nxxxxx\r\n0\r\n\r\n"), {413}},
      {"a chunk longer than its size", "9112 7.1", with_size("2"), {400}},
      {"a chunk shorter than its size", "9112 7.1", with_size("4"), {400}},
      {"a size that ends with LF alone", "9112 7.1", chunked("3\nabc\r\n0\r\n\r\n"), {400}},
      {"a size that ends with CR alone", "9112 7.1", chunked("3\rabc\r\n0\r\n\r\n"), {400}},
      {"a size that ends with CR CR LF", "9112 7.1", chunked("3\r\r\nabc\r\n0\r\n\r\n"), {400}},
      {"data that ends with LF alone", "9112 7.1", chunked("3\r\nabc\n0\r\n\r\n"), {400}},
      {"data that ends with CR alone", "9112 7.1", chunked("3\r\nabc\r0\r\n\r\n"), {400}},
      {"data that ends with two bytes of another kind", "9112 7.1", chunked("3\r\nabcXX0\r\n\r\n"),
       {400}},
      {"data that does not end", "9112 7.1", chunked("3\r\nabc0\r\n\r\n"), {400}},
      {"a last chunk that ends with LF alone", "9112 7.1", chunked("3\r\nabc\r\n0\n\r\n"), {400}},
      {"an end of LF alone", "9112 7.1", chunked("3\r\nabc\r\n0\r\n\n"), {400}},
      {"an end of CR and something else", "9112 7.1", chunked("3\r\nabc\r\n0\r\n\rx"), {400}},
      {"a body that ends within a chunk", "9112 8", chunked("3\r\nab"), {no_answer, 400}, closes, {},
       1, false, true},
      {"a body that ends without a last chunk", "9112 8", chunked("3\r\nabc\r\n"), {no_answer, 400},
       closes, {}, 1, false, true},
      {"a body that ends without its last line", "9112 8", chunked("3\r\nabc\r\n0\r\n"),
       {no_answer, 400}, closes, {}, 1, false, true},
  };
}

conformance_table extension_cases() {
  using enum fate;
  return {
      {"an extension", "9112 7.1.1", with_size("3;a=b"), {200}, stays, "abc"},
      {"an extension without a value", "9112 7.1.1", with_size("3;a"), {200}, stays, "abc"},
      {"two extensions", "9112 7.1.1", with_size("3;a;b=c"), {200}, stays, "abc"},
      {"an extension with a value in quotes", "9112 7.1.1", with_size("3;a=\"b;c \\\" d\""), {200},
       stays, "abc"},
      {"an extension of the last chunk", "9112 7.1.1", chunked("3\r\nabc\r\n0;a=b\r\n\r\n"), {200},
       stays, "abc"},
      {"an extension with white space around", "9112 7.1.1", with_size("3 ; a = b"), {200, 400},
       closes_if_refused, "abc"},
      {"white space behind an extension", "9112 7.1.1", with_size("3;a=b "), {400}},
      {"a semicolon alone", "9112 7.1.1", with_size("3;"), {400}},
      {"two semicolons", "9112 7.1.1", with_size("3;;a"), {400}},
      {"an extension without a name", "9112 7.1.1", with_size("3;=b"), {400}},
      {"an equals sign without a value", "9112 7.1.1", with_size("3;a="), {400}},
      {"an extension without a semicolon", "9112 7.1.1", with_size("3 a=b"), {400}},
      {"an extension behind a comma", "9112 7.1.1", with_size("3,a=b"), {400}},
      {"two words for a value", "9112 7.1.1", with_size("3;a=b c"), {400}},
      {"quotes without an end", "9112 7.1.1", with_size("3;a=\"b"), {400}},
      {"quotes that end in another line", "9112 7.1.1", chunked("3;a=\"\r\nabc\"\r\n0\r\n\r\n"), {400}},
      {"something behind the quotes", "9112 7.1.1", with_size("3;a=\"b\"c"), {400}},
      {"an escape at the end of the line", "9110 5.6.4", with_size("3;a=\"b\\"), {400}},
      {"an LF within an extension", "9112 7.1.1", chunked("3;a\nabc\r\n0\r\n\r\n"), {400}},
      {"an LF within quotes", "9112 7.1.1", with_size("3;a=\"\n\""), {400}},
      {"an LF alone hides a chunk in an extension", "9112 11.2",
       chunked("3;\n45\r\nabc\r\n0\r\n\r\n"), {400}},
      {"a CR within an extension", "9112 7.1.1", with_size("3;a\rb"), {400}},
      {"a NUL within an extension", "9112 7.1.1", with_size("3;a\0"s), {400}},
      {"a NUL within quotes", "9110 5.6.4", with_size("3;a=\"\0\""s), {400}},
      {"a DEL within quotes", "9110 5.6.4", with_size("3;a=\"\x7f\""), {400}},
      {"a control character within an extension", "9112 7.1.1", with_size("3;a=\x01"), {400}},
      {"an extension beyond the limit", "9112 7.1.1",
       with_size("3;a=" + std::string(header_limit, 'b')), {400, 413, 431}},
  };
}

conformance_table trailer_cases() {
  using enum fate;
  return {
      {"a trailer", "9112 7.1.2", with_trailer("Digest: x\r\n"), {200}, stays, seen},
      {"a trailer of two fields", "9112 7.1.2", with_trailer("A: b\r\nC: d\r\n"), {200}, stays, seen},
      {"a trailer that is a length", "9110 6.5.1", with_trailer("Content-Length: 3\r\n"), {200, 400},
       closes_if_refused, seen},
      {"a trailer that is a coding", "9110 6.5.1", with_trailer("Transfer-Encoding: chunked\r\n"),
       {200, 400}, closes_if_refused, seen},
      {"a trailer that is a Host", "9110 6.5.1", with_trailer("Host: other\r\n"), {200, 400},
       closes_if_refused, seen},
      {"a trailer that is a credential", "9110 6.5.1", with_trailer("Authorization: x\r\n"), {200, 400},
       closes_if_refused, seen},
      {"a trailer that is a cookie", "9110 6.5.1", with_trailer("Cookie: x\r\n"), {200, 400},
       closes_if_refused, seen},
      {"a trailer that is a Connection does not close it", "9110 6.5.1",
       with_trailer("Connection: close\r\n"), {200, 400}, closes_if_refused, seen},
      {"a trailer that is an expectation", "9110 6.5.1", with_trailer("Expect: magic\r\n"), {200, 400},
       closes_if_refused, seen},
      {"a trailer without a colon", "9112 7.1.2", with_trailer("A\r\n"), {400}},
      {"a trailer without a name", "9112 7.1.2", with_trailer(": b\r\n"), {400}},
      {"a trailer with a space before the colon", "9112 5.1", with_trailer("A : b\r\n"), {400}},
      {"a folded trailer", "9112 5.2", with_trailer("A: b\r\n c\r\n"), {400}},
      {"a trailer that ends with LF alone", "9112 2.2", with_trailer("A: b\n"), {400}},
      {"a trailer with a NUL", "9110 5.5", with_trailer("A: \0\r\n"s), {400}},
      {"a trailer with a CR", "9110 5.5", with_trailer("A: b\rc\r\n"), {400}},
      {"a trailer beyond the limit", "6585 5",
       with_trailer("A: " + std::string(header_limit, 'b') + "\r\n"), {400, 413, 431}},
      {"a request behind a trailer", "9112 9.3.2", with_trailer("A: b\r\n") + get("/"), {200}, stays,
       "root", 2},
      {"a request instead of the last line", "9112 7.1.2", chunked("0\r\n") + get("/"), {400}},
  };
}

} // namespace

conformance_table chunk_cases() {
  auto out = size_cases();
  for (auto make : {extension_cases, trailer_cases})
    for (auto& each : make())
      out.push_back(std::move(each));
  return out;
}

} // namespace troupe::test
