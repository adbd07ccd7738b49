// The request line: its three parts and what separates them, methods, versions.
#include "tests/conformance/case.hpp"

namespace troupe::test {

namespace {

using namespace std::string_literals;

/// A request with this line and a Host.
std::string line(const std::string& text) {
  return text + "\r\nHost: h\r\n\r\n";
}

} // namespace

conformance_table request_line_cases() {
  using enum fate;
  return {
      {"a plain request", "9112 3", get("/"), {200}, stays, "root"},
      {"an empty line before", "9112 2.2", "\r\n" + get("/"), {200}, stays, "root"},
      {"some empty lines before", "9112 2.2", "\r\n\r\n\r\n" + get("/"), {200, 400},
       closes_if_refused},
      {"a bare LF before", "9112 2.2", "\n" + get("/"), {400}},
      {"a bare CR before", "9112 2.2", "\r" + get("/"), {400}},
      {"a space before the method", "9112 3", line(" GET / HTTP/1.1"), {400}},
      {"a tab before the method", "9112 3", line("\tGET / HTTP/1.1"), {400}},
      {"two spaces behind the method", "9112 3", line("GET  / HTTP/1.1"), {400}},
      {"two spaces behind the target", "9112 3", line("GET /  HTTP/1.1"), {400}},
      {"a tab behind the method", "9112 3", line("GET\t/ HTTP/1.1"), {400}},
      {"a tab behind the target", "9112 3", line("GET /\tHTTP/1.1"), {400}},
      {"a vertical tab behind the method", "9112 3", line("GET\x0b/ HTTP/1.1"), {400}},
      {"a CR behind the method", "9112 3", line("GET\r/ HTTP/1.1"), {400}},
      {"a space behind the version", "9112 3", line("GET / HTTP/1.1 "), {400}},
      {"a word behind the version", "9112 3", line("GET / HTTP/1.1 x"), {400}},
      {"no target and no version", "9112 3", line("GET"), {400}},
      {"no target", "9112 3", line("GET HTTP/1.1"), {400}},
      {"an empty target", "9112 3.2", line("GET  HTTP/1.1"), {400}},
      {"a space within the target", "9112 3.2", line("GET /a b HTTP/1.1"), {400}},
      {"only spaces", "9112 3", line("   "), {400}},
      {"a line that ends with LF alone", "9112 2.2", "GET / HTTP/1.1\nHost: h\r\n\r\n", {400}},
      {"all lines end with LF alone", "9112 2.2", "GET / HTTP/1.1\nHost: h\n\n", {400}},
      {"a line that ends with CR alone", "9112 2.2", "GET / HTTP/1.1\rHost: h\r\n\r\n", {400}},
      {"a line that ends with CR CR LF", "9112 2.2", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", {400}},
      {"a TLS greeting", "9112 2.2", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s,
       {400, no_answer}},
      {"NUL bytes", "9112 2.2", std::string(8, '\0') + "\r\n\r\n", {400, no_answer}},
      {"a status line", "9112 2.1", "HTTP/1.1 200 OK\r\n\r\n", {400}},

      // Methods.
      {"an unknown method", "9110 9.1", line("BREW / HTTP/1.1"), {501}, closes_if_refused},
      {"a method in lower case", "9110 9.1", line("get / HTTP/1.1"), {501, 400}},
      {"a method in mixed case", "9110 9.1", line("Get / HTTP/1.1"), {501, 400}},
      {"an unknown method of odd token characters", "9110 5.6.2", line("!#$%&'*+-.^_`|~1 / HTTP/1.1"),
       {501}},
      {"a method with a character that no token has", "9110 5.6.2", line("G@T / HTTP/1.1"), {400}},
      {"a method in quotes", "9110 5.6.2", line("\"GET\" / HTTP/1.1"), {400}},
      {"a method with a colon", "9110 5.6.2", line("GET: / HTTP/1.1"), {400}},
      {"a method beyond ASCII", "9110 5.6.2", line("G\xc3\x8bT / HTTP/1.1"), {400}},
      {"a method with a NUL", "9110 5.6.2", line("GE\0T / HTTP/1.1"s), {400}},
      {"a method longer than any that is known", "9112 3", line(std::string(150, 'A') + " / HTTP/1.1"),
       {501}},
      {"a method that has no end", "9112 3", std::string(header_limit + 10, 'A'), {501, 431, 400}},
      {"the known method PUT where the path has none", "9110 15.5.6", line("PUT / HTTP/1.1"), {405},
       stays},
      {"TRACE", "9110 9.3.8", line("TRACE / HTTP/1.1"), {405, 501}},
      {"TRACE with what it must not repeat", "9110 9.3.8",
       "TRACE / HTTP/1.1\r\nHost: h\r\nCookie: secret=1\r\n\r\n", {405, 501}},
      {"CONNECT to a host and port", "9110 9.3.6", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n",
       {405, 501, 400}},
      {"CONNECT and what would go through the tunnel", "9110 9.3.6",
       "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n" + get("/"), {405, 501, 400}},
      {"CONNECT without a port", "9112 3.2.3", "CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n",
       {400, 405, 501}},
      {"CONNECT to a path", "9112 3.2.3", line("CONNECT / HTTP/1.1"), {400, 405, 501}},

      // Versions.
      {"HTTP/0.9", "9112 C.1", "GET /\r\n", {400, 505, no_answer}},
      {"HTTP/0.9 with an LF alone", "9112 C.1", "GET /\n", {400, 505, no_answer}},
      {"the version 0.9 in words", "9110 2.5", line("GET / HTTP/0.9"), {400, 505}},
      {"HTTP/1.0", "9110 2.5", "GET / HTTP/1.0\r\n\r\n", {200}, closes, "root"},
      {"a later minor version", "9110 2.5", line("GET / HTTP/1.2"), {200}, stays, "root"},
      {"the latest minor version there can be", "9110 2.5", line("GET / HTTP/1.9"), {200}, stays,
       "root"},
      {"a later minor version without Host", "9112 3.2", "GET / HTTP/1.2\r\n\r\n", {400}},
      {"HTTP/2.0", "9110 15.6.6", line("GET / HTTP/2.0"), {505}},
      {"HTTP/3.0", "9110 15.6.6", line("GET / HTTP/3.0"), {505}},
      {"HTTP/2 without a minor version", "9112 2.3", line("GET / HTTP/2"), {400, 505}},
      {"the preface of HTTP/2", "9113 3.4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505, 400}},
      {"the preface of HTTP/2 and a frame", "9113 3.4",
       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"s, {505, 400}},
      {"HTTP in lower case", "9112 2.3", line("GET / http/1.1"), {400}},
      {"a version of two digits", "9112 2.3", line("GET / HTTP/1.10"), {400, 505}},
      {"a major version of two digits", "9112 2.3", line("GET / HTTP/11.1"), {400, 505}},
      {"a version with a leading zero", "9112 2.3", line("GET / HTTP/01.1"), {400, 505}},
      {"a version with a comma", "9112 2.3", line("GET / HTTP/1,1"), {400}},
      {"a version with a space", "9112 2.3", line("GET / HTTP/ 1.1"), {400}},
      {"a version with a sign", "9112 2.3", line("GET / HTTP/+1.1"), {400}},
      {"a version without a number", "9112 2.3", line("GET / HTTP/"), {400}},
      {"a version that is not of digits", "9112 2.3", line("GET / HTTP/1.x"), {400}},
      {"another protocol", "9112 2.3", line("GET / RTSP/1.0"), {400}},
      {"a version with a NUL", "9112 2.3", line("GET / HTTP/1.1\0"s), {400}},
      {"HEAD with a version that is none", "9110 9.3.2", line("HEAD / HTTP/1.x"), {400}, closes, {},
       1, true},
  };
}

} // namespace troupe::test
