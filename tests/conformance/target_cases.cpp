// Request targets: their forms, characters, escapes, dot segments.
#include "tests/conformance/case.hpp"

namespace troupe::test {

namespace {

using namespace std::string_literals;

std::string absolute(const std::string& target, const std::string& host) {
  return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

conformance_table form_cases() {
  using enum fate;
  return {
      {"origin-form with a query", "9112 3.2.1", get("/target?a=b&c=/d?e"), {200}, stays,
       "/target?a=b&c=/d?e"},
      {"a query alone", "9112 3.2.1", get("?a=b"), {400}},
      {"no leading slash", "9112 3.2.1", get("target"), {400}},
      {"a URI within the query", "9112 3.2.1", get("/target?u=http://other/"), {200}, stays,
       "/target?u=http://other/"},
      {"absolute-form", "9112 3.2.2", absolute("http://h/target", "h"), {200}, stays, "/target"},
      {"absolute-form without a path", "9112 3.2.2", absolute("http://h", "h"), {200}, stays, "root"},
      {"absolute-form with a query and no path", "9112 3.2.2", absolute("http://h?a=/b", "h"), {200},
       stays, "root"},
      {"absolute-form with the scheme in upper case", "9110 4.2.3", absolute("HTTP://h/target", "h"),
       {200}, stays, "/target"},
      {"absolute-form with the host in upper case", "9110 4.2.3", absolute("http://H/target", "h"),
       {200}, stays, "/target"},
      {"absolute-form with the default port", "9110 4.2.3", absolute("http://h:80/target", "h"),
       {200}, stays, "/target"},
      {"absolute-form with an empty port", "9110 4.2.3", absolute("http://h:/target", "h:80"), {200},
       stays, "/target"},
      {"absolute-form of another host", "9112 3.2.2", absolute("http://other/target", "h"), {400}},
      {"absolute-form of another port", "9112 3.2.2", absolute("http://h:81/target", "h"), {400}},
      {"absolute-form of a longer name", "9112 3.2.2", absolute("http://h.other/target", "h"), {400}},
      {"absolute-form with user information", "9110 4.2.4", absolute("http://u:p@h/target", "h"),
       {400}},
      {"absolute-form with user information that looks like the host", "9110 4.2.4",
       absolute("http://h@other/target", "h"), {400}},
      {"absolute-form with an empty host", "9110 4.2.1", absolute("http:///target", "h"), {400}},
      {"absolute-form with a port and no host", "9110 4.2.1", absolute("http://:80/target", "h"),
       {400}},
      {"absolute-form with a port beyond 65535", "3986 3.2.3", absolute("http://h:65536/", "h:65536"),
       {400}},
      {"absolute-form without Host", "9112 3.2", "GET http://h/ HTTP/1.1\r\n\r\n", {400}},
      {"absolute-form in HTTP/1.0 without Host", "9112 3.2.2", "GET http://h/target HTTP/1.0\r\n\r\n",
       {200}, closes, "/target"},
      {"absolute-form of https without TLS", "9110 7.4", absolute("https://h/target", "h"),
       {400, 421}},
      {"absolute-form of another scheme", "9110 7.4", absolute("ftp://h/target", "h"), {400, 421}},
      {"a scheme without an authority", "9112 3.2.2", absolute("http:/target", "h"), {400}},
      {"a backslash for a slash behind the scheme", "3986 3.2", absolute("http:\\\\h/target", "h"),
       {400}},
      {"a backslash behind the host", "3986 3.2", absolute("http://h\\@other/target", "h"), {400}},
      {"authority-form outside of CONNECT", "9112 3.2.3", absolute("h:80", "h:80"), {400}},
      {"asterisk-form", "9112 3.2.4", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", {200, 204}, stays},
      {"asterisk-form with GET", "9112 3.2.4", get("*"), {400}},
      {"asterisk-form with a query", "9112 3.2.4", "OPTIONS *?a HTTP/1.1\r\nHost: h\r\n\r\n", {400}},
      {"asterisk-form with a path", "9112 3.2.4", "OPTIONS */a HTTP/1.1\r\nHost: h\r\n\r\n", {400}},
      {"OPTIONS of a path", "9110 9.3.7", "OPTIONS /echo HTTP/1.1\r\nHost: h\r\n\r\n", {200, 204},
       stays},
      {"a fragment", "9112 3.2", get("/target#part"), {400}},
      {"a fragment in absolute-form", "9112 3.2", absolute("http://h/target#part", "h"), {400}},
      {"a target as long as the limit", "9112 3",
       get("/target?" + std::string(target_limit - 8, 'a')), {200}, stays},
      {"a target longer than the limit", "9110 15.5.15",
       get("/target?" + std::string(target_limit - 7, 'a')), {414}},
      {"a target that has no end", "9110 15.5.15", "GET /" + std::string(header_limit, 'a'),
       {414, 431}},
  };
}

conformance_table character_cases() {
  using enum fate;
  return {
      {"a NUL in the target", "3986 2", get("/target?\0"s), {400}},
      {"a control character in the target", "3986 2", get("/target?\x01"), {400}},
      {"an escape character in the target", "3986 2", get("/target?\x1b"), {400}},
      {"a DEL in the target", "3986 2", get("/target?\x7f"), {400}},
      {"a CR in the target", "3986 2", get("/target?\rx"), {400}},
      {"an LF in the target", "3986 2", get("/target?\nx"), {400}},
      {"UTF-8 in the target", "3986 2", get("/target?\xc3\xa4"), {400}},
      {"a byte 0xFF in the target", "3986 2", get("/target?\xff"), {400}},
      {"a byte 0xA0 in the target, a space to some", "3986 2", get("/target?\xa0"), {400}},
      {"a double quote in the target", "3986 2", get("/target?\""), {400}},
      {"angle brackets in the target", "3986 2", get("/target?<>"), {400}},
      {"a backslash in the path", "3986 3.3", get("/a\\target"), {400}},
      {"a backslash and dots in the path", "3986 3.3", get("/a/..\\..\\target"), {400}},
      {"all characters of a path", "3986 3.3", get("/a/-._~!$&'()*+,;=:@"), {200}, stays,
       "x=-._~!$&'()*+,;=:@"},
      {"characters of a query", "3986 3.4", get("/target?-._~!$&'()*+,;=:@/?"), {200}, stays,
       "/target?-._~!$&'()*+,;=:@/?"},
      {"a parameter within a segment", "3986 3.3", get("/a/b;v=1"), {200}, stays, "x=b;v=1"},
      {"a plus in the path is no space", "3986 2.4", get("/a/b+c"), {200}, stays, "x=b+c"},
  };
}

conformance_table escape_cases() {
  using enum fate;
  return {
      {"an escape", "3986 2.1", get("/a/b%20c"), {200}, stays, "x=b c"},
      {"an escape in lower case", "3986 2.1", get("/a/%c3%a4"), {200}, stays, "x=\xc3\xa4"},
      {"an escape of an unreserved character", "3986 6.2.2.2", get("/%74arget"), {200}, stays,
       "/%74arget"},
      {"an escape without digits", "3986 2.1", get("/a/%"), {400}, stays},
      {"an escape of one digit", "3986 2.1", get("/a/%4"), {400}, stays},
      {"an escape of one digit before a slash", "3986 2.1", get("/a/%4/1"), {400}, stays},
      {"an escape of letters that are no digits", "3986 2.1", get("/a/%zz"), {400}, stays},
      {"an escape with a sign", "3986 2.1", get("/a/%+1"), {400}, stays},
      {"an escape of IIS", "3986 2.1", get("/a/%u0041"), {400}, stays},
      {"a broken escape in an unknown path", "3986 2.1", get("/no/such/%f"), {400}, stays},
      {"an escaped NUL", "3986 7.3", get("/a/b%00c"), {400}, stays},
      {"an escaped slash stays within its segment", "3986 2.2", get("/a/b%2Fc"), {200}, stays,
       "x=b/c"},
      {"an escaped slash in lower case", "3986 2.2", get("/a/b%2fc"), {200}, stays, "x=b/c"},
      {"an escaped slash is no separator", "3986 2.2", get("/a%2Fb"), {404}, stays},
      {"an escaped backslash", "3986 2.1", get("/a/b%5Cc"), {200}, stays, "x=b\\c"},
      {"an escaped question mark", "3986 2.2", get("/a/b%3Fc=d"), {200}, stays, "x=b?c=d"},
      {"an escaped percent sign is decoded once", "3986 2.4", get("/a/%2541"), {200}, stays, "x=%41"},
      {"a slash that is escaped twice", "3986 2.4", get("/a/b%252Fc"), {200}, stays, "x=b%2Fc"},
      {"overlong UTF-8 for a slash is no slash", "3986 2.5", get("/a/%c0%af"), {200}, stays,
       "x=\xc0\xaf"},
      {"escaped CR LF stay within the value", "3986 2.1", get("/a/b%0d%0ac"), {200}, stays,
       "x=b\r\nc"},
  };
}

conformance_table dot_cases() {
  using enum fate;
  return {
      {"a dot segment", "3986 5.2.4", get("/./target"), {200}, stays, "/./target"},
      {"two dots", "3986 5.2.4", get("/a/../target"), {200}, stays, "/a/../target"},
      {"two dots, twice", "3986 5.2.4", get("/a/b/../../target"), {200}, stays, "/a/b/../../target"},
      {"a dot at the end", "3986 5.2.4", get("/dir/."), {200}, stays, "/dir/."},
      {"two dots at the end", "3986 5.2.4", get("/dir/b/.."), {200}, stays, "/dir/b/.."},
      {"two dots down to the root", "3986 5.2.4", get("/a/.."), {200}, stays, "root"},
      {"two dots take an empty segment", "3986 5.2.4", get("/a//../b"), {200}, stays, "x=b"},
      {"two dots above the root", "3986 5.2.4", get("/../target"), {400, 200}, stays},
      {"two dots above the root, later", "3986 5.2.4", get("/a/../../target"), {400, 200}, stays},
      {"dots alone above the root", "3986 5.2.4", get("/.."), {400, 200}, stays},
      {"a long way up", "3986 5.2.4", get("/../../../../etc/passwd"), {400, 404}, stays},
      {"an escaped dot", "3986 6.2.2.2", get("/%2e/target"), {200}, stays, "/%2e/target"},
      {"escaped dots", "3986 6.2.2.2", get("/a/%2e%2E/target"), {200}, stays, "/a/%2e%2E/target"},
      {"a dot and an escaped dot", "3986 6.2.2.2", get("/a/.%2e/target"), {200}, stays,
       "/a/.%2e/target"},
      {"escaped dots above the root", "3986 6.2.2.2", get("/%2e%2e/target"), {400, 200}, stays},
      {"dots that are escaped twice are none", "3986 2.4", get("/a/%252e%252e"), {200}, stays,
       "x=%2e%2e"},
      {"dots and an escaped slash are no dot segment", "3986 2.2", get("/a/..%2Ftarget"), {200},
       stays, "x=../target"},
      {"three dots are a name", "3986 5.2.4", get("/a/..."), {200}, stays, "x=..."},
      {"a name that begins with a dot", "3986 5.2.4", get("/a/.b"), {200}, stays, "x=.b"},
      {"dots in the query stay", "3986 3.4", get("/target?/../x"), {200}, stays, "/target?/../x"},
      {"two slashes are not one", "3986 3.3", get("//target"), {404}, stays},
      {"dots in absolute-form", "3986 5.2.4", absolute("http://h/a/../target", "h"), {200}, stays,
       "/a/../target"},
  };
}

} // namespace

conformance_table target_cases() {
  conformance_table out;
  for (auto make : {form_cases, character_cases, escape_cases, dot_cases})
    for (auto& each : make())
      out.push_back(std::move(each));
  return out;
}

} // namespace troupe::test
