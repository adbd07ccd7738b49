// Where a body ends: Content-Length, Transfer-Encoding, both, neither.
#include "tests/conformance/case.hpp"

namespace troupe::test {

namespace {

using namespace std::string_literals;

/// A POST of three bytes whose Content-Length is this.
std::string with_length(const std::string& value) {
  return echo("Content-Length: " + value + "\r\n", "abc");
}

/// An empty chunked body under this Transfer-Encoding.
std::string with_coding(const std::string& value) {
  return echo("Transfer-Encoding: " + value + "\r\n", "0\r\n\r\n");
}

/// A request that must not be taken for one: it is the body of another, or unreadable.
const std::string smuggled = get("/target?smuggled");

conformance_table content_length_cases() {
  using enum fate;
  return {
      {"a length", "9112 6.2", with_length("3"), {200}, stays, "abc"},
      {"a length of zero", "9112 6.2", echo("Content-Length: 0\r\n"), {200}, stays, ""},
      {"a length with leading zeros", "9110 8.6", with_length("0003"), {200, 400},
       closes_if_refused, "abc"},
      {"a length with white space around", "9112 5.1", with_length(" \t3\t "), {200}, stays, "abc"},
      {"a length in HTTP/1.0", "9112 6.2", "POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
       {200}, closes, "abc"},
      {"a length of a GET", "9110 9.3.1", "GET /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
       {200}, stays, "abc"},
      {"no length is no body", "9112 6.3", echo(""), {200}, stays, "no body"},
      {"a request in a body", "9112 11.2",
       echo("Content-Length: " + std::to_string(smuggled.size()) + "\r\n", smuggled), {200}, stays,
       smuggled},
      {"an empty length", "9110 8.6", with_length(""), {400}},
      {"a length of a word", "9110 8.6", with_length("three"), {400}},
      {"a length with a plus sign", "9110 8.6", with_length("+3"), {400}},
      {"a negative length", "9110 8.6", with_length("-3"), {400}},
      {"a negative zero", "9110 8.6", with_length("-0"), {400}},
      {"a length with a space within", "9110 8.6", with_length("1 3"), {400}},
      {"a length in hexadecimal", "9110 8.6", with_length("0x3"), {400}},
      {"a length of hexadecimal digits", "9110 8.6", with_length("a"), {400}},
      {"a length with a point", "9110 8.6", with_length("3.0"), {400}},
      {"a length with an exponent", "9110 8.6", with_length("3e0"), {400}},
      {"a length with a separator", "9110 8.6", with_length("1_0"), {400}},
      {"a length in quotes", "9110 8.6", with_length("\"3\""), {400}},
      {"a length with a unit", "9110 8.6", with_length("3;bytes"), {400}},
      {"a length with a NUL", "9110 8.6", with_length("3\0"s), {400}},
      {"a length in other digits", "9110 8.6", with_length("\xd9\xa3"), {400}},
      {"a length of 2^64", "9110 8.6", with_length("18446744073709551616"), {400, 413}},
      {"a length of 2^64 + 3", "9110 8.6", with_length("18446744073709551619"), {400, 413}},
      {"a length of 2^64 - 1", "9110 15.5.14", with_length("18446744073709551615"), {413, 400}},
      {"a length of 2^63", "9110 15.5.14", with_length("9223372036854775808"), {413, 400}},
      {"a length of 2^32 + 3", "9110 15.5.14", with_length("4294967299"), {413, 400}},
      {"a length of a hundred digits", "9110 8.6", with_length(std::string(100, '9')), {400, 413}},
      {"a length as large as the limit", "9110 15.5.14",
       echo("Content-Length: 100\r\n", std::string(body_limit, 'x')), {200}, stays,
       std::string(body_limit, 'x')},
      {"a length beyond the limit", "9110 15.5.14",
       echo("Content-Length: 101\r\n", std::string(body_limit + 1, 'x')), {413}},
      {"a list of equal lengths", "9110 8.6", with_length("3, 3"), {400}},
      {"a list of different lengths", "9112 6.3", with_length("3, 4"), {400}},
      {"a length and a comma", "9110 8.6", with_length("3,"), {400}},
      {"a comma and a length", "9110 8.6", with_length(",3"), {400}},
      {"two equal lengths", "9110 8.6", echo("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
       {400}},
      {"two different lengths", "9112 6.3", echo("Content-Length: 3\r\nContent-Length: 0\r\n", "abc"),
       {400}},
      {"two different lengths, apart and in other letters", "9112 6.3",
       echo("Content-Length: 0\r\nA: b\r\ncontent-length: 3\r\n", "abc"), {400}},
      {"two lengths and a request", "9112 11.2",
       echo("Content-Length: 0\r\nContent-Length: " + std::to_string(smuggled.size()) + "\r\n",
            smuggled), {400}},
      {"a request behind a body", "9112 9.3.2", with_length("3") + get("/"), {200}, stays, "root", 2},
      {"a body that ends early", "9112 8", echo("Content-Length: 4\r\n", "abc"), {no_answer, 400},
       closes, {}, 1, false, true},
      {"a head that ends early", "9112 8", "GET / HTTP/1.1\r\nHost: h\r\n", {no_answer, 400}, closes,
       {}, 1, false, true},
      {"a request line that ends early", "9112 8", "GET / HT", {no_answer, 400}, closes, {}, 1, false,
       true},
      {"bytes behind a body that are no request", "9112 2.2", with_length("3") + "xyz\r\n\r\n", {400},
       closes, {}, 2},
  };
}

conformance_table transfer_encoding_cases() {
  using enum fate;
  const std::string both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
  return {
      {"chunked", "9112 7.1", with_coding("chunked"), {200}, stays, ""},
      {"chunked in other letters", "9112 7", with_coding("ChUnKeD"), {200}, stays, ""},
      {"chunked with white space around", "9112 5.1", with_coding(" \tchunked \t"), {200}, stays, ""},
      {"both lengths", "9112 6.3", echo(both, "0\r\n\r\n"), {400}},
      {"both lengths, the other way round", "9112 6.3",
       echo("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), {400}},
      {"both lengths, the shorter of which hides a request", "9112 11.2",
       echo(both, "0\r\n\r\n" + smuggled), {400}},
      {"both lengths, the longer of which hides a request", "9112 11.2",
       echo("Content-Length: " + std::to_string(smuggled.size() + 5)
              + "\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + smuggled), {400}},
      {"a length and an unknown coding", "9112 6.3",
       echo("Content-Length: 3\r\nTransfer-Encoding: gzip\r\n", "abc"), {400}},
      {"a length and a coding with a control character", "9112 11.2",
       echo("Content-Length: 5\r\nTransfer-Encoding: \x0b" "chunked\r\n", "0\r\n\r\n"), {400}},
      {"a length and chunked twice", "9112 6.3",
       echo(both + "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), {400}},
      {"a coding in HTTP/1.0", "9112 6.1",
       "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}},
      {"a coding in HTTP/1.0 that is kept alive", "9112 6.1",
       "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       {400}},
      {"both lengths in HTTP/1.0", "9112 6.1", "POST /echo HTTP/1.0\r\n" + both + "\r\n0\r\n\r\n",
       {400}},
      {"an unknown coding before chunked", "9112 6.1", with_coding("gzip, chunked"), {501}},
      {"an unknown coding", "9112 6.3", with_coding("gzip"), {400, 501}},
      {"identity, which is no coding any more", "9112 7", with_coding("identity"), {400, 501}},
      {"identity before chunked", "9112 7", with_coding("identity, chunked"), {400, 501}},
      {"chunked and then another", "9112 6.3", with_coding("chunked, gzip"), {400}},
      {"chunked and then identity", "9112 6.3", with_coding("chunked, identity"), {400}},
      {"chunked twice", "9112 6.1", with_coding("chunked, chunked"), {400}},
      {"chunked in two fields", "9112 6.1",
       echo("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), {400}},
      {"two fields that end with another", "9112 6.3",
       echo("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", "0\r\n\r\n"), {400}},
      {"two fields, the first of another", "9112 6.1",
       echo("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), {400, 501}},
      {"an empty coding", "9112 6.3", with_coding(""), {400, 501}},
      {"a comma before chunked", "9110 5.6.1", with_coding(", chunked"), {200, 400, 501},
       closes_if_refused},
      {"a comma behind chunked", "9110 5.6.1", with_coding("chunked,"), {200, 400, 501},
       closes_if_refused},
      {"chunked with a parameter", "9112 7", with_coding("chunked;q=1"), {400, 501}},
      {"chunked in quotes", "9112 7", with_coding("\"chunked\""), {400, 501}},
      {"chunked and a word", "9112 7", with_coding("chunked x"), {400, 501}},
      {"a word that begins with chunked", "9112 7", with_coding("chunkedx"), {400, 501}},
      {"a word that ends with chunked", "9112 7", with_coding("xchunked"), {400, 501}},
      {"chunked and a NUL", "9110 5.5", with_coding("chunked\0"s), {400}},
      {"a coding beyond ASCII", "9110 5.5", with_coding("chun\xe2\x84\xaa" "ed"), {400, 501}},
      {"a name that is almost Transfer-Encoding", "9110 5.1",
       "GET /echo HTTP/1.1\r\nHost: h\r\nTransfer_Encoding: chunked\r\n\r\n", {200}, stays,
       "no body"},
  };
}

} // namespace

conformance_table length_cases() {
  auto out = content_length_cases();
  for (auto& each : transfer_encoding_cases())
    out.push_back(std::move(each));
  return out;
}

} // namespace troupe::test
