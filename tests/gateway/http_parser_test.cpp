#include "gateway/detail/http_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::gateway {
namespace {

config::http_settings small_limits() {
  config::http_settings out;
  out.max_header_bytes = 400;
  out.max_headers = 6;
  out.max_target_bytes = 100;
  out.max_body_bytes = 20;
  return out;
}

/// "GET /a [A=b] +body(abc) close 1.0 100-continue", what the parser says of one request.
std::string describe(http_parser& parser) {
  const auto& what = parser.message();
  auto out = std::string{to_string(what.method)} + " " + what.target;
  for (std::size_t i = 0; i < what.headers.size(); ++i)
    if (auto [name, value] = what.headers[i]; name != "Host")
      out.append(" [").append(name).append("=").append(value).append("]");
  if (what.has_body)
    out += " +body(" + what.body + ")";
  if (!parser.keep_alive())
    out += " close";
  if (parser.is_old())
    out += " 1.0";
  return out;
}

/// Feeds `bytes` as a session does, `step` at a time, and gives what came of them, a line each.
std::string parse(std::string_view bytes, std::size_t step,
                  const config::http_settings& limits = small_limits()) {
  http_parser parser{limits};
  std::string out, waiting;
  while (!bytes.empty()) {
    waiting.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (!waiting.empty()) {
      std::size_t used = 0;
      const auto progress = parser.feed(waiting, used);
      EXPECT_LE(used, waiting.size());
      waiting.erase(0, used);
      if (progress == http_parser::progress::need_more)
        break;
      if (progress == http_parser::progress::failed)
        return out + std::string{to_string(parser.problem().code)} + "\n";
      out += describe(parser) + "\n";
      parser.reset();
      EXPECT_TRUE(parser.untouched());
    }
  }
  return out + (parser.untouched() && waiting.empty() ? "" : "more\n");
}

struct parse_case {
  std::string bytes;
  std::string expected;
};

void expect_all(const std::vector<parse_case>& cases) {
  for (const auto& each : cases)
    for (const std::size_t step : {each.bytes.size(), std::size_t{1}, std::size_t{7}})
      EXPECT_EQ(parse(each.bytes, step), each.expected + "\n")
          << each.bytes << "\n... " << step << " bytes at a time";
}

const std::string host = "Host: h\r\n";
const std::string get = "GET / HTTP/1.1\r\n" + host;
const std::string post = "POST / HTTP/1.1\r\n" + host;
const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";

TEST(http_parser, reads_requests_however_they_are_cut) {
  expect_all({
      {get + "\r\n", "GET /"},
      {get, "more"},
      {"G", "more"},
      {"\r\n\r\n" + get + "\r\n\r\n" + get + "\r\n", "GET /\nGET /"}, // empty lines between
      {"DELETE /a/b?c=d&e HTTP/1.1\r\n" + host + "\r\n", "DELETE /a/b?c=d&e"},
      {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "OPTIONS *"},
      {get + "A: b\r\na:  c \t\r\nEmpty:\r\n\r\n", "GET / [A=b] [a=c] [Empty=]"},
      {"GET /%C3%A4;x=1/~!$&'()*+,=:@ HTTP/1.1\r\n" + host + "\r\n",
       "GET /%C3%A4;x=1/~!$&'()*+,=:@"},
      {get + "Latin: \xe4\r\n\r\n", "GET / [Latin=\xe4]"},
  });
}

TEST(http_parser, reads_bodies_of_both_framings) {
  const std::string length = " [Content-Length=";
  expect_all({
      {post + "Content-Length: 3\r\n\r\nabc", "POST /" + length + "3] +body(abc)"},
      {post + "Content-Length: 3\r\n\r\nab", "more"},
      {post + "Content-Length: 0\r\n\r\n", "POST /" + length + "0] +body()"},
      {post + "Content-Length: " + std::string(30, '0') + "3\r\n\r\nabc",
       "POST /" + length + std::string(30, '0') + "3] +body(abc)"},
      {post + "\r\n", "POST /"}, // declares none
      {get + "Content-Length: 2\r\n\r\nab", "GET /" + length + "2] +body(ab)"},
      {chunked + "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
       "POST / [Transfer-Encoding=chunked] +body(abc0123456789)"},
      {chunked + "0\r\n\r\n", "POST / [Transfer-Encoding=chunked] +body()"},
      {chunked + "03;name=value\r\nabc\r\n00\r\n\r\n",
       "POST / [Transfer-Encoding=chunked] +body(abc)"},
      {chunked + "3\r\nabc\r\n0\r\n", "more"},
      {post + "transfer-encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n",
       "POST / [transfer-encoding=CHUNKED] +body(a)"},
  });
}

TEST(http_parser, reads_one_request_after_the_other) {
  expect_all({
      {get + "\r\n" + get + "A: 1\r\n\r\n" + get, "GET /\nGET / [A=1]\nmore"},
      {post + "Content-Length: 1\r\n\r\na" + get + "\r\n",
       "POST / [Content-Length=1] +body(a)\nGET /"},
      {chunked + "1\r\na\r\n0\r\n\r\n" + get + "\r\n",
       "POST / [Transfer-Encoding=chunked] +body(a)\nGET /"},
  });
}

TEST(http_parser, knows_when_the_connection_ends) {
  expect_all({
      {get + "Connection: close\r\n\r\n", "GET / [Connection=close] close"},
      {get + "Connection: Close, x\r\n\r\n", "GET / [Connection=Close, x] close"},
      {get + "Connection: keep-alive\r\n\r\n", "GET / [Connection=keep-alive]"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / close 1.0"},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / [Connection=Keep-Alive] 1.0"},
      {"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na",
       "POST / [Content-Length=1] +body(a) close 1.0"},
  });
}

TEST(http_parser, takes_the_path_out_of_an_absolute_target) {
  expect_all({
      {"GET http://h HTTP/1.1\r\n" + host + "\r\n", "GET /"},
      {"GET http://h:80/a?b=c HTTP/1.1\r\n" + host + "\r\n", "GET /a?b=c"},
      {"GET http://h/ HTTP/1.0\r\n\r\n", "GET / close 1.0"},
      {"GET http://h?a=b HTTP/1.1\r\n" + host + "\r\n", "GET /?a=b"},
      {"GET http://h?a=/b HTTP/1.1\r\n" + host + "\r\n", "GET /?a=/b"},
      {"GET HTTP://H/a HTTP/1.1\r\n" + host + "\r\n", "GET /a"}, // schemes have no case
      {"GET https://h/ HTTP/1.1\r\n" + host + "\r\n", "invalid_argument"}, // without TLS
      {"GET http://other/ HTTP/1.1\r\n" + host + "\r\n", "invalid_argument"},
      {"GET http://h:81/ HTTP/1.1\r\n" + host + "\r\n", "invalid_argument"},
      {"GET http:///a HTTP/1.1\r\n" + host + "\r\n", "invalid_argument"},
      {"GET http://u@h/ HTTP/1.1\r\n" + host + "\r\n", "invalid_argument"},
      {"GET ftp://h/a HTTP/1.1\r\n" + host + "\r\n", "invalid_argument"},
      {"OPTIONS http://h/a HTTP/1.1\r\n" + host + "\r\n", "OPTIONS /a"},
  });
}

TEST(http_parser, refuses_malformed_requests) {
  std::vector<parse_case> cases;
  for (const std::string start :
       {"GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP 1.1", "GET / HTTP/1,1",
        " GET / HTTP/1.1", "GET a HTTP/1.1", "GET * HTTP/1.1", "GET /a b HTTP/1.1",
        "GET /a#b HTTP/1.1", "GET /\x01 HTTP/1.1", "GET /\x7f HTTP/1.1", "G@T / HTTP/1.1",
        "GET /\tHTTP/1.1", "/ GET HTTP/1.1",
        "GET /\xe4 HTTP/1.1", "GET /\\a HTTP/1.1", "GET / HTTP/1.1\n", "GET / HTTP/11"})
    cases.push_back({start + "\r\n" + host + "\r\n", "invalid_argument"});
  for (const std::string field : {"A b: c",
                                  "A : b",
                                  ": b",
                                  "A",
                                  "A\x01: b",
                                  "A: \x01",
                                  "A: \x7f",
                                  "A: b\rc: d",
                                  "A: b\nB: c",
                                  "(A): b",
                                  "Content-Length: x",
                                  "Content-Length:",
                                  "Content-Length: -1",
                                  "Content-Length: +1",
                                  "Content-Length: 1, 2",
                                  "Content-Length: 0x1",
                                  "Content-Length: 1 1",
                                  "Content-Length: 18446744073709551616",
                                  "Content-Length: 1\r\nContent-Length: 2",
                                  "Content-Length: 1\r\nContent-Length: 1",
                                  "Content-Length: 1, 1",
                                  "A: b\r\n c",
                                  "A:\r\n\tb",
                                  "Content-Length: 1\r\nTransfer-Encoding: chunked",
                                  "Transfer-Encoding: chunked\r\nContent-Length: 1",
                                  "Connection: (close)",
                                  "Connection: close, a b",
                                  "Connection: a;b",
                                  "Host: other",
                                  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"})
    cases.push_back({post + field + "\r\n\r\n", "invalid_argument"});
  cases.push_back({"GET / HTTP/1.1\r\n\r\n", "invalid_argument"}); // no Host
  cases.push_back({"GET / HTTP/1.1\r\nHost:\r\n\r\n", "invalid_argument"});
  cases.push_back({"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "invalid_argument"});
  expect_all(cases);
}

TEST(http_parser, refuses_malformed_chunks) {
  std::vector<parse_case> cases;
  for (const std::string body : {"x\r\n", "-1\r\n", "\r\n", "1\r\nab", "1\r\na\n0\r\n\r\n",
                                 "1 \na\r\n", "ffffffffffffffffff\r\n", "0x1\r\na\r\n"})
    cases.push_back({chunked + body + "\r\n\r\n", "invalid_argument"});
  expect_all(cases);
}

TEST(http_parser, refuses_what_it_does_not_speak) {
  expect_all({
      {"BREW / HTTP/1.1\r\n" + host + "\r\n", "not_implemented"},
      {"get / HTTP/1.1\r\n" + host + "\r\n", "not_implemented"},
      {"TRACE / HTTP/1.1\r\n" + host + "\r\n", "not_implemented"},
      {"CONNECT h:1 HTTP/1.1\r\n" + host + "\r\n", "not_implemented"},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", "version_not_supported"},
      {"GET / HTTP/0.9\r\n" + host + "\r\n", "version_not_supported"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", "not_implemented"},
      {post + "Transfer-Encoding: identity, chunked\r\n\r\n", "not_implemented"},
      // These do not say where the body ends.
      {post + "Transfer-Encoding: chunked, gzip\r\n\r\n", "invalid_argument"},
      {post + "Transfer-Encoding: identity\r\n\r\n", "invalid_argument"},
      {post + "Transfer-Encoding: chunked, chunked\r\n\r\n", "invalid_argument"},
      {post + "Expect: a-miracle\r\nContent-Length: 1\r\n\r\n", "expectation_failed"},
  });
}

TEST(http_parser, holds_requests_to_their_limits) {
  const auto target = [](std::size_t size) { return "/" + std::string(size - 1, 'a'); };
  const auto request_for = [&](std::size_t size) {
    return "GET " + target(size) + " HTTP/1.1\r\n" + host + "\r\n";
  };
  const auto filled = [](std::size_t size) { // a head of exactly that many bytes
    const auto rest = get + "A: \r\n\r\n";
    return get + "A: " + std::string(size - rest.size(), 'a') + "\r\n\r\n";
  };
  std::string fields;
  for (int i = 0; i < 5; ++i)
    fields += "A: b\r\n";
  const std::string ab(10, 'x');
  expect_all({
      {request_for(100), "GET " + target(100)},
      {request_for(101), "uri_too_long"},
      {request_for(300), "uri_too_long"},
      {request_for(3000), "uri_too_long"},
      {filled(390), "GET / [A=" + std::string(390 - (get + "A: \r\n\r\n").size(), 'a') + "]"},
      {filled(500), "header_too_large"},
      {filled(5000), "header_too_large"},
      {get + fields + "\r\n", "GET / [A=b] [A=b] [A=b] [A=b] [A=b]"},
      {get + fields + "A: b\r\n\r\n", "header_too_large"},
      {post + "Content-Length: 20\r\n\r\n" + ab + ab,
       "POST / [Content-Length=20] +body(" + ab + ab + ")"},
      {post + "Content-Length: 21\r\n\r\n", "payload_too_large"},
      {post + "Content-Length: 18446744073709551615\r\n\r\n", "payload_too_large"},
      {chunked + "a\r\n" + ab + "\r\na\r\n" + ab + "\r\n0\r\n\r\n",
       "POST / [Transfer-Encoding=chunked] +body(" + ab + ab + ")"},
      {chunked + "a\r\n" + ab + "\r\nb\r\n" + ab + "x\r\n0\r\n\r\n", "payload_too_large"},
      {chunked + "15\r\n" + ab, "payload_too_large"},
      // What stands around the chunks is no body; without a limit it would fill the memory.
      {chunked + "1;" + std::string(5000, 'a'), "header_too_large"},
      {chunked + std::string(5000, '0'), "header_too_large"},
      {chunked + "0\r\nA: " + std::string(5000, 'a'), "header_too_large"},
  });
}

TEST(http_parser, looks_at_each_byte_of_a_value_wherever_it_stands) {
  for (std::size_t size = 1; size < 50; ++size)
    for (std::size_t at = 0; at < size; ++at) {
      const auto with = [&](char c) {
        auto value = std::string(size, 'a');
        value[at] = c;
        return value;
      };
      for (const char wrong : {'\0', '\x1f', '\x7f', '\n'})
        EXPECT_EQ(parse(get + "A: " + with(wrong), 1000), "invalid_argument\n")
            << size << " " << at;
      for (const char right : {'!', '~', '\x80', '\xff'})
        EXPECT_EQ(parse(get + "A: " + with(right) + "\r\n\r\n", 1000),
                  "GET / [A=" + with(right) + "]\n")
            << size << " " << at;
    }
  expect_all({{get + "A: a\tb" + std::string(30, ' ') + "\tc\r\n\r\n",
               "GET / [A=a\tb" + std::string(30, ' ') + "\tc]"}});
}

TEST(http_parser, says_what_is_wrong_with_a_request_in_words_for_the_client) {
  const auto detail_of = [](const std::string& bytes) {
    const auto limits = small_limits();
    http_parser parser{limits};
    std::size_t used = 0;
    EXPECT_EQ(parser.feed(bytes, used), http_parser::progress::failed) << bytes;
    return parser.problem().detail;
  };
  EXPECT_EQ(detail_of("GET /" + std::string(100, 'a') + " HTTP/1.1\r\n"),
            "the request target is longer than 100 bytes");
  EXPECT_EQ(detail_of(get + "A: " + std::string(500, 'a') + "\r\n\r\n"),
            "the header section is larger than 400 bytes");
  EXPECT_EQ(detail_of(post + "Content-Length: 21\r\n\r\n"), "the body is larger than 20 bytes");
  EXPECT_EQ(detail_of("BREW / HTTP/1.1\r\n"), "the server does not know the method \"BREW\"");
  EXPECT_EQ(detail_of("GET / HTTP/3.0\r\n"), "the server speaks HTTP/1.1");
}

/// "head", "complete" or the failure, for each step until the bytes are used up.
std::string steps(http_parser& parser, std::string_view bytes, std::uint64_t limit) {
  std::string out;
  while (!bytes.empty()) {
    std::size_t used = 0;
    const auto progress = parser.feed(bytes, used);
    bytes.remove_prefix(used);
    switch (progress) {
    case http_parser::progress::need_more: return out + "more";
    case http_parser::progress::failed:
      return out + std::string{to_string(parser.problem().code)};
    case http_parser::progress::complete:
      out += "complete(" + parser.message().body + ") ";
      parser.reset();
      break;
    case http_parser::progress::head:
      out += "head ";
      if (const auto problem = parser.limit_body(limit))
        return out + std::string{to_string(problem->code)};
    }
  }
  return out;
}

TEST(http_parser, tells_of_heads_that_a_body_follows_if_it_is_asked_to) {
  const auto limits = small_limits();
  http_parser parser{limits};
  parser.tell_heads();
  EXPECT_EQ(steps(parser, get + "\r\n", 0), "complete() ");
  EXPECT_EQ(steps(parser, post + "Content-Length: 0\r\n\r\n", 0), "complete() ");
  EXPECT_EQ(steps(parser, post + "Content-Length: 3\r\n\r\nabc" + get + "\r\n", 3),
            "head complete(abc) complete() ");
  EXPECT_EQ(steps(parser, post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 3),
            "head complete(abc) ");
}

TEST(http_parser, holds_a_body_to_the_limit_of_its_route) {
  const auto limits = small_limits();
  const auto with = [&](const std::string& bytes, std::uint64_t limit) {
    http_parser parser{limits};
    parser.tell_heads();
    return steps(parser, bytes, limit);
  };
  const auto sized = post + "Content-Length: 30\r\n\r\n" + std::string(30, 'x');
  const auto chunks = post + "Transfer-Encoding: chunked\r\n\r\nf\r\n" + std::string(15, 'x')
                      + "\r\nf\r\n" + std::string(15, 'x') + "\r\n0\r\n\r\n";
  const auto whole = "head complete(" + std::string(30, 'x') + ") ";
  for (const auto& bytes : {sized, chunks}) {
    EXPECT_EQ(with(bytes, 30), whole); // more than the setting's 20
    EXPECT_EQ(with(bytes, ~std::uint64_t{0}), whole);
    EXPECT_EQ(with(bytes, 29), "head payload_too_large");
    EXPECT_EQ(with(bytes, 0), "head payload_too_large");
  }
}

TEST(http_parser, counts_a_body_that_is_taken_out_as_it_comes) {
  const auto limits = small_limits();
  http_parser parser{limits};
  parser.tell_heads();
  std::size_t used = 0;
  ASSERT_EQ(parser.feed(post + "Transfer-Encoding: chunked\r\n\r\n", used),
            http_parser::progress::head);
  ASSERT_FALSE(parser.limit_body(20));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(parser.feed("a\r\n0123456789\r\n", used), http_parser::progress::need_more);
    EXPECT_EQ(std::exchange(parser.message().body, {}), "0123456789");
  }
  EXPECT_EQ(parser.feed("1\r\n", used), http_parser::progress::failed);
  EXPECT_EQ(parser.problem().code, errc::payload_too_large);
}

TEST(http_parser, knows_who_asks_for_a_websocket) {
  const auto asks = [](const std::string& bytes) {
    const auto limits = small_limits();
    http_parser parser{limits};
    std::size_t used = 0;
    EXPECT_EQ(parser.feed(bytes, used), http_parser::progress::complete);
    return parser.wants_websocket();
  };
  const std::string end = "Connection: Upgrade\r\n\r\n";
  EXPECT_TRUE(asks(get + "Upgrade: websocket\r\n" + end));
  EXPECT_TRUE(asks(get + "Upgrade: h2c, WebSocket\r\nConnection: keep-alive, upgrade\r\n\r\n"));
  EXPECT_FALSE(asks(get + "Upgrade: websocket\r\n\r\n"));
  EXPECT_FALSE(asks(get + "Upgrade: h2c\r\n" + end));
  EXPECT_FALSE(asks(get + end));
  EXPECT_FALSE(asks(post + "Upgrade: websocket\r\n" + end));
  EXPECT_FALSE(asks("GET / HTTP/1.0\r\nUpgrade: websocket\r\n" + end));
}

TEST(http_parser, drops_trailers) {
  for (const std::string trailer :
       {"Authorization: x", "Host: other", "Content-Length: 5", "Transfer-Encoding: chunked",
        "Connection: close", "Expect: x"})
    EXPECT_EQ(parse(chunked + "1\r\na\r\n0\r\n" + trailer + "\r\n\r\n" + get + "\r\n", 1000),
              "POST / [Transfer-Encoding=chunked] +body(a)\nGET /\n")
        << trailer;
}

TEST(http_parser, does_not_pass_on_what_is_for_the_connection_alone) {
  expect_all({
      {get + "Connection: A, close\r\na: 1\r\nB: 2\r\nA: 3\r\n\r\n",
       "GET / [Connection=A, close] [B=2] close"},
      {post + "Connection: Content-Length\r\nContent-Length: 1\r\n\r\na",
       "POST / [Connection=Content-Length] +body(a)"},
      {get + "Proxy-Connection: (close)\r\n\r\n", "GET / [Proxy-Connection=(close)]"},
  });
}

TEST(http_parser, reads_a_later_minor_version_as_the_latest_it_knows) {
  expect_all({
      {"GET / HTTP/1.2\r\n" + host + "\r\n", "GET /"},
      {"GET / HTTP/1.9\r\n\r\n", "invalid_argument"}, // no Host
  });
}

TEST(http_parser, refuses_a_request_at_the_byte_that_is_wrong) {
  // Whatever follows, or does not: a client that sends no more gets its answer.
  for (const std::string bytes :
       {"GET / HTTP/1.1\n", "GET /\r", "G@", "GET /a\x01", "GET / HTTP/1.x", "GET / HTTP/2.0\r\n",
        "\n", "\rG", "BREW / HTTP/1.1\r\n"})
    EXPECT_EQ(parse(bytes, 1).find("more"), std::string::npos) << bytes;
  for (const std::string field : {"A ", "A: \n", "A: \rb", "A: b\r\n ", " ", ":"})
    EXPECT_EQ(parse(get + field, 1), "invalid_argument\n") << field;
  for (const std::string line : {"x", "1 \r", "1;a=\"\r", "1\n", "1\r\nab", "0\r\n "})
    EXPECT_EQ(parse(chunked + line, 1), "invalid_argument\n") << line;
}

TEST(http_parser, tells_when_the_client_waits_to_be_asked_for_the_body) {
  const auto limits = small_limits();
  const auto wants_continue = [&](std::string_view head, std::string_view body) {
    http_parser parser{limits};
    std::size_t used = 0;
    parser.feed(head, used);
    const auto before = parser.wants_continue();
    EXPECT_EQ(used, head.size());
    EXPECT_TRUE(parser.in_body());
    if (!body.empty()) {
      used = 0;
      EXPECT_EQ(parser.feed(body, used), http_parser::progress::complete);
      EXPECT_FALSE(parser.wants_continue()) << head; // it has sent the body
    }
    return before;
  };
  EXPECT_TRUE(wants_continue(post + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n", "a"));
  EXPECT_TRUE(wants_continue(post + "Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
                             "0\r\n\r\n"));
  EXPECT_FALSE(wants_continue(post + "Content-Length: 1\r\n\r\n", "a"));
  EXPECT_FALSE(wants_continue(post + "Expect: 100-continue\r\n\r\n", ""));
  // A client of HTTP/1.0 does not know interim answers.
  EXPECT_FALSE(
      wants_continue("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", "a"));
}

/// "complete https /target" or what is wrong.
std::string over_tls(const std::string& bytes) {
  const auto limits = small_limits();
  http_parser parser{limits, true};
  std::string out;
  for (int i = 0; i < 2; ++i) { // the second message is read as the first one is
    std::size_t used = 0;
    if (parser.feed(bytes, used) != http_parser::progress::complete)
      return parser.problem().detail;
    out = parser.message().scheme + " " + parser.message().target;
    parser.reset();
  }
  return out;
}

TEST(http_parser, takes_https_for_its_scheme_over_tls) {
  EXPECT_EQ(over_tls("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), "https /a");
  EXPECT_EQ(over_tls("GET https://h/a HTTP/1.1\r\nHost: h\r\n\r\n"), "https /a");
  EXPECT_EQ(over_tls("GET HTTPS://h:443/a HTTP/1.1\r\nHost: h\r\n\r\n"), "https /a");
  EXPECT_EQ(over_tls("GET https://h:80/a HTTP/1.1\r\nHost: h\r\n\r\n"),
            "Host and the request target name different hosts");
  EXPECT_EQ(over_tls("GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n"),
            "the request target is of http, and the connection has TLS");
}

} // namespace
} // namespace troupe::gateway
