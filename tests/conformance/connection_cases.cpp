// The life of a connection: Connection options, pipelining, Expect, Upgrade, answers without a body.
#include "tests/conformance/case.hpp"

namespace troupe::test {

namespace {

std::string old_get(const std::string& fields) {
  return "GET / HTTP/1.0\r\n" + fields + "\r\n";
}

std::string head(const std::string& target, const std::string& fields = {}) {
  return "HEAD " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

conformance_table persistence_cases() {
  using enum fate;
  return {
      {"no Connection field", "9112 9.3", get("/"), {200}, stays, "root"},
      {"close", "9112 9.6", get("/", "Connection: close\r\n"), {200}, closes, "root"},
      {"close in other letters", "9110 7.6.1", get("/", "Connection: CLOSE\r\n"), {200}, closes,
       "root"},
      {"close within a list", "9110 7.6.1", get("/", "Connection: a, close ,b\r\n"), {200}, closes,
       "root"},
      {"close within a list with empty members", "9110 5.6.1", get("/", "Connection: ,,close,\r\n"),
       {200, 400}, closes, "root"},
      {"close in a second field", "9110 5.3", get("/", "Connection: a\r\nConnection: close\r\n"),
       {200}, closes, "root"},
      {"close and keep-alive", "9112 9.3", get("/", "Connection: keep-alive, close\r\n"), {200}, closes,
       "root"},
      {"keep-alive", "9112 9.3", get("/", "Connection: keep-alive\r\n"), {200}, stays, "root"},
      {"a word that begins with close", "9110 7.6.1", get("/", "Connection: closed\r\n"), {200}, stays,
       "root"},
      {"an empty Connection field", "9110 7.6.1", get("/", "Connection:\r\n"), {200, 400},
       closes_if_refused, "root"},
      {"an option that is no token", "9110 7.6.1", get("/", "Connection: (close)\r\n"), {200, 400},
       closes_if_refused, "root"},
      {"Proxy-Connection is no Connection", "9112 C.2.2", get("/", "Proxy-Connection: close\r\n"),
       {200}, stays, "root"},
      {"HTTP/1.0 alone", "9112 9.3", old_get(""), {200}, closes, "root"},
      {"HTTP/1.0 with keep-alive", "9112 9.3", old_get("Connection: keep-alive\r\n"), {200}, stays,
       "root"},
      {"HTTP/1.0 with keep-alive in other letters", "9112 9.3", old_get("Connection: Keep-Alive\r\n"),
       {200}, stays, "root"},
      {"HTTP/1.0 with keep-alive and close", "9112 9.3", old_get("Connection: keep-alive, close\r\n"),
       {200}, closes, "root"},
      {"HTTP/1.0 with close", "9112 9.3", old_get("Connection: close\r\n"), {200}, closes, "root"},
      {"HTTP/1.0 with a field Keep-Alive alone", "9112 C.2.2", old_get("Keep-Alive: timeout=5\r\n"),
       {200}, closes, "root"},
      {"HTTP/1.0 with Proxy-Connection", "9112 C.2.2", old_get("Proxy-Connection: keep-alive\r\n"),
       {200}, closes, "root"},
      {"a field that Connection names is not passed on", "9110 7.6.1",
       get("/fields", "Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n"), {200}, stays,
       "Host=h;Connection=X-Hop;X-End=2;"},
      {"a field that Connection names in other letters, before it", "9110 7.6.1",
       get("/fields", "X-Hop: 1\r\nConnection: close, x-hOP\r\n"), {200}, closes,
       "Host=h;Connection=close, x-hOP;"},
      {"a length that Connection names still counts", "9110 7.6.1",
       echo("Connection: Content-Length\r\nContent-Length: 3\r\n", "abc"), {200}, stays, "abc"},
      {"a Host that Connection names stays", "9110 7.6.1", get("/fields", "Connection: host\r\n"), {200},
       stays, "Host=h;Connection=host;"},
      {"two requests at once", "9112 9.3.2", get("/target?1") + get("/target?2"), {200}, stays,
       "/target?2", 2},
      {"three requests at once, with an empty line between", "9112 2.2",
       get("/target?1") + "\r\n" + get("/target?2") + get("/target?3"), {200}, stays, "/target?3", 3},
      {"a request behind a close", "9112 9.6", get("/", "Connection: close\r\n") + get("/target"),
       {200}, closes, "root"},
      {"a request behind HTTP/1.0", "9112 9.3", old_get("") + get("/target"), {200}, closes, "root"},
      {"a broken request behind another", "9112 9.3.2", get("/") + "GET / HTTP/1.1\r\n\r\n", {400},
       closes, {}, 2},
      {"a request behind a broken one", "9112 11.2", "GET / HTTP/1.1\r\n\r\n" + get("/target"), {400}},
      {"a request behind an unknown method", "9112 11.2",
       "BREW / HTTP/1.1\r\nHost: h\r\n\r\n" + get("/target"), {501}},
      {"a request behind a broken length", "9112 11.2",
       echo("Content-Length: +3\r\n", "abc") + get("/target"), {400}},
      {"a request behind a broken chunk", "9112 11.2", chunked("x\r\n\r\n") + get("/target"), {400}},
  };
}

conformance_table expectation_cases() {
  using enum fate;
  const std::string expect = "Expect: 100-continue\r\n";
  return {
      {"100-continue with a body", "9110 10.1.1", echo(expect + "Content-Length: 3\r\n", "abc"), {200},
       stays, "abc"},
      {"100-continue in other letters", "9110 10.1.1",
       echo("expect: 100-Continue\r\nContent-Length: 3\r\n", "abc"), {200}, stays, "abc"},
      {"100-continue with a chunked body", "9110 10.1.1",
       echo(expect + "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), {200}, stays, "abc"},
      {"100-continue without a body", "9110 10.1.1", get("/", expect), {200, 417}, closes_if_refused,
       "root"},
      {"100-continue in HTTP/1.0", "9110 10.1.1",
       "POST /echo HTTP/1.0\r\n" + expect + "Content-Length: 3\r\n\r\nabc", {200}, closes, "abc"},
      {"100-continue with a body beyond the limit", "9110 10.1.1",
       echo(expect + "Content-Length: 101\r\n"), {413}},
      {"100-continue with a broken length", "9110 10.1.1", echo(expect + "Content-Length: x\r\n"),
       {400}},
      {"100-continue with both lengths", "9110 10.1.1",
       echo(expect + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), {400}},
      {"100-continue twice", "9110 10.1.1", echo(expect + expect + "Content-Length: 3\r\n", "abc"),
       {200, 417}, closes_if_refused, "abc"},
      {"an unknown expectation", "9110 10.1.1", get("/", "Expect: magic\r\n"), {417}},
      {"an unknown expectation beside the known one", "9110 10.1.1",
       echo("Expect: 100-continue, magic\r\nContent-Length: 3\r\n", "abc"), {417}},
      {"an expectation with a value", "9110 10.1.1", get("/", "Expect: 100-continue=yes\r\n"), {417}},
      {"a number for an expectation", "9110 10.1.1", get("/", "Expect: 100\r\n"), {417}},
  };
}

conformance_table upgrade_cases() {
  using enum fate;
  return {
      {"an upgrade to an unknown protocol", "9110 7.8",
       get("/", "Connection: Upgrade\r\nUpgrade: unknown/1\r\n"), {200}, stays, "root"},
      {"an upgrade to HTTP/2", "9110 7.8",
       get("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
       {200}, stays, "root"},
      {"an upgrade that Connection does not name", "9110 7.8", get("/", "Upgrade: h2c\r\n"), {200},
       stays, "root"},
      {"an upgrade in HTTP/1.0", "9110 7.8", old_get("Connection: Upgrade\r\nUpgrade: h2c\r\n"), {200},
       closes, "root"},
      {"an upgrade with a body", "9110 7.8",
       echo("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n", "abc"), {200}, stays,
       "abc"},
  };
}

conformance_table bodiless_cases() {
  using enum fate;
  return {
      {"HEAD", "9110 9.3.2", head("/"), {200}, stays, "", 1, true},
      {"HEAD with close", "9110 9.3.2", head("/", "Connection: close\r\n"), {200}, closes, "", 1, true},
      {"HEAD of an unknown path", "9110 9.3.2", head("/no/such"), {404}, stays, {}, 1, true},
      {"HEAD of a path with a broken escape", "9110 9.3.2", head("/a/%zz"), {400}, stays, {}, 1, true},
      {"HEAD without Host", "9110 9.3.2", "HEAD / HTTP/1.1\r\n\r\n", {400}, closes, {}, 1, true},
      {"HEAD with a broken field", "9110 9.3.2", head("/", "A : b\r\n"), {400}, closes, {}, 1, true},
      {"HEAD with a broken target", "9110 9.3.2", "HEAD /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", {400},
       closes, {}, 1, true},
      {"HEAD with a version of another kind", "9110 9.3.2", "HEAD / HTTP/2.0\r\nHost: h\r\n\r\n", {505},
       closes, {}, 1, true},
      {"HEAD and another HEAD", "9110 9.3.2", head("/") + head("/target"), {200}, stays, "", 2, true},
      {"HEAD with a body", "9110 9.3.2", head("/echo", "Content-Length: 3\r\n") + "abc", {200}, stays,
       "", 1, true},
      {"204 has no body", "9110 15.3.5", get("/status/204"), {204}, stays, ""},
      {"304 has no body", "9110 15.4.5", get("/status/304"), {304}, stays, ""},
      {"an interim status is no answer", "9110 15.2", get("/status/100"), {500}, stays},
      {"a switch of protocols that nobody asked for", "9110 15.2.2", get("/status/101"), {500}, stays},
      {"OPTIONS of a path has no body", "9110 9.3.7", "OPTIONS /fields HTTP/1.1\r\nHost: h\r\n\r\n",
       {200, 204}, stays, ""},
  };
}

} // namespace

conformance_table connection_cases() {
  conformance_table out;
  for (auto make : {persistence_cases, expectation_cases, upgrade_cases, bodiless_cases})
    for (auto& each : make())
      out.push_back(std::move(each));
  return out;
}

} // namespace troupe::test
