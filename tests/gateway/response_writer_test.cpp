// What goes out: the bytes of a response, the Date field, and failures as problem+json.
#include "gateway/detail/response_writer.hpp"

#include "actors/messages/sql.hpp"
#include "gateway/detail/problem.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <ctime>
#include <map>
#include <string>

namespace troupe::gateway {
namespace {

const std::string head = "\r\nServer: troupe\r\nDate: now\r\n";

std::string write(const response& what, write_options how = {}) {
  std::string out;
  write_response(out, what, "now", how);
  return out;
}

TEST(response_writer, writes_status_fields_and_body) {
  EXPECT_EQ(write(text("hello")), "HTTP/1.1 200 OK" + head
                                      + "Content-Type: text/plain; charset=utf-8\r\n"
                                        "Content-Length: 5\r\n\r\nhello");
  EXPECT_EQ(write(status(404)), "HTTP/1.1 404 Not Found" + head + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(write(status(299)), "HTTP/1.1 299 Unknown" + head + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(
      write(response{}.with_header("Set-Cookie", "a=1").with_header("Set-Cookie", "b=\t\xe4")),
      "HTTP/1.1 200 OK" + head
          + "Set-Cookie: a=1\r\nSet-Cookie: b=\t\xe4\r\nContent-Length: 0\r\n\r\n");
}

TEST(response_writer, appends_to_what_is_there) {
  std::string out = "before ";
  write_response(out, status(200), "now", {});
  EXPECT_EQ(out, "before " + write(status(200)));
}

TEST(response_writer, frames_answers_without_a_body) {
  const auto with_status = [](std::uint16_t code) { return text("body").with_status(code); };
  const std::string type = "Content-Type: text/plain; charset=utf-8\r\n";
  write_options to_head;
  to_head.head = true;
  EXPECT_EQ(write(with_status(204)), "HTTP/1.1 204 No Content" + head + type + "\r\n");
  EXPECT_EQ(write(with_status(304)), "HTTP/1.1 304 Not Modified" + head + type + "\r\n");
  EXPECT_EQ(write(with_status(204), to_head), write(with_status(204)));
  EXPECT_EQ(write(with_status(200), to_head),
            "HTTP/1.1 200 OK" + head + type + "Content-Length: 4\r\n\r\n");
}

TEST(response_writer, frames_bodies_whose_parts_come_later) {
  const std::string type = "Content-Type: text/plain; charset=utf-8\r\n";
  const auto with = [](framing how, std::uint64_t length = 0) {
    write_options out;
    out.body = how;
    out.length = length;
    return out;
  };
  EXPECT_EQ(write(text(""), with(framing::chunked)),
            "HTTP/1.1 200 OK" + head + type + "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(write(text(""), with(framing::length, std::uint64_t{1} << 40)),
            "HTTP/1.1 200 OK" + head + type + "Content-Length: 1099511627776\r\n\r\n");
  EXPECT_EQ(write(text(""), with(framing::close)), "HTTP/1.1 200 OK" + head + type + "\r\n");
  EXPECT_EQ(write(text("").with_status(204), with(framing::chunked)),
            "HTTP/1.1 204 No Content" + head + type + "\r\n");
}

TEST(response_writer, writes_chunks_and_their_end) {
  std::string out;
  write_chunk(out, std::string(26, 'x'), false);
  write_chunk(out, "", false); // would end the body
  write_chunk(out, "end", true);
  EXPECT_EQ(out, "1a\r\n" + std::string(26, 'x') + "\r\n3\r\nend\r\n0\r\n\r\n");
  out.clear();
  write_chunk(out, "", true);
  EXPECT_EQ(out, "0\r\n\r\n");
}

TEST(response_writer, never_writes_an_interim_answer_or_a_status_that_is_none) {
  // After "100 Continue" the client waits for more; "0" is no HTTP at all.
  for (const std::uint16_t code : {0, 1, 99, 100, 101, 199, 600, 1000, 65535})
    EXPECT_TRUE(write(status(code)).starts_with("HTTP/1.1 500 ")) << code;
}

TEST(response_writer, says_whether_the_connection_stays) {
  const auto connection = [](bool keep_alive, bool old_client) -> std::string {
    const auto out = write(status(200), {false, keep_alive, old_client, {}});
    const auto at = out.find("Connection: ");
    return at == std::string::npos ? "unsaid" : out.substr(at, out.find("\r\n", at) - at);
  };
  EXPECT_EQ(connection(true, false), "unsaid");
  EXPECT_EQ(connection(false, false), "Connection: close");
  EXPECT_EQ(connection(true, true), "Connection: keep-alive");
  EXPECT_EQ(connection(false, true), "Connection: close");
}

TEST(response_writer, tells_browsers_to_stay_with_https_unless_the_answer_does) {
  write_options how;
  how.hsts = "max-age=60";
  EXPECT_EQ(write(status(404), how), "HTTP/1.1 404 Not Found" + head
                                         + "Strict-Transport-Security: max-age=60\r\n"
                                           "Content-Length: 0\r\n\r\n");
  const auto own = status(200).with_header("strict-transport-security", "max-age=1");
  EXPECT_EQ(write(own, how), "HTTP/1.1 200 OK" + head
                                 + "strict-transport-security: max-age=1\r\n"
                                   "Content-Length: 0\r\n\r\n");
}

TEST(response_writer, leaves_out_fields_that_would_break_the_message) {
  const auto without = write(status(200));
  const std::pair<std::string, std::string> cases[] = {
      {"X", "a\r\nInjected: b"},
      {"X", "a\nInjected: b"},
      {"X", "a\rInjected: b"},
      {"X", std::string{"a\0b", 3}},
      {"X", "a\x7f"},
      {"X\r\nInjected", "b"},
      {"X: Y", "b"},
      {"X ", "b"},
      {"X\xe4", "b"},
      {"", "b"},
      {std::string{"X\0", 2}, "b"},
  };
  for (const auto& [name, value] : cases)
    EXPECT_EQ(write(response{}.with_header(name, value)), without) << name << ": " << value;
}

TEST(response_writer, keeps_framing_and_connection_to_itself) {
  const auto without = write(status(200));
  for (const auto* name : {"Content-Length", "content-length", "Transfer-Encoding", "Connection",
                           "Keep-Alive", "Date", "SERVER", "Upgrade"})
    EXPECT_EQ(write(response{}.with_header(name, "chunked")), without) << name;
  EXPECT_NE(write(response{}.with_header("Content-Lengths", "1")), without);
}

TEST(date_cache, gives_the_present_second_as_http_writes_it) {
  date_cache cache;
  for (int i = 0; i < 3; ++i) {
    const auto before = std::time(nullptr);
    const std::string text{cache.now()};
    const auto after = std::time(nullptr);
    std::tm parsed{};
    const auto* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parsed);
    ASSERT_TRUE(end != nullptr && *end == '\0') << text;
    EXPECT_EQ(text.size(), 29u);
    const auto shown = ::timegm(&parsed);
    EXPECT_LE(before, shown);
    EXPECT_LE(shown, after);
  }
}

const std::map<errc, std::uint16_t> statuses{
    {errc::invalid_argument, 400},
    {errc::unauthorized, 401},
    {errc::forbidden, 403},
    {errc::not_found, 404},
    {errc::method_not_allowed, 405},
    {errc::request_timeout, 408},
    {errc::conflict, 409},
    {errc::serialization_failure, 409},
    {errc::length_required, 411},
    {errc::payload_too_large, 413},
    {errc::uri_too_long, 414},
    {errc::unsupported_media_type, 415},
    {errc::expectation_failed, 417},
    {errc::upgrade_required, 426},
    {errc::unprocessable, 422},
    {errc::too_many_requests, 429},
    {errc::header_too_large, 431},
    {errc::internal, 500},
    {errc::not_implemented, 501},
    {errc::node_lost, 502},
    {errc::unavailable, 503},
    {errc::outcome_unknown, 503},
    {errc::deadline_exceeded, 504},
    {errc::version_not_supported, 505},
};

TEST(problem, has_a_status_and_a_title_for_every_code) {
  int declared = 0;
  while (to_string(static_cast<errc>(declared + 1)) != "unknown")
    ++declared;
  EXPECT_EQ(statuses.size(), static_cast<std::size_t>(declared));
  for (const auto& [code, status] : statuses) {
    EXPECT_EQ(status_of(code), status) << to_string(code);
    EXPECT_NE(reason_phrase(status), "Unknown") << to_string(code);
  }
  EXPECT_EQ(status_of(static_cast<errc>(255)), 500); // only a newer node knows it
}

TEST(problem, is_a_json_document_with_the_request_id) {
  for (const auto& [code, status] : statuses) {
    const auto out = problem({code, "some \"words\""}, 0xabc);
    EXPECT_EQ(out.status, status);
    EXPECT_EQ(out.headers.find("Content-Type"), "application/problem+json");
    EXPECT_EQ(out.headers.find("Retry-After").has_value(),
              (status == 503 || status == 429) && code != errc::outcome_unknown)
        << "who is told to come again would have it done twice";
    const auto detail = status == 500
                            ? "the server failed; its log has the details under this request_id"
                            : "some \"words\"";
    EXPECT_EQ(nlohmann::json::parse(out.body),
              (nlohmann::json{{"type", "about:blank"},
                              {"title", reason_phrase(status)},
                              {"status", status},
                              {"detail", detail},
                              {"request_id", "0000000000000abc"}}));
  }
}

TEST(problem, hides_what_only_a_newer_node_could_explain) {
  const auto out = problem({static_cast<errc>(200), "secret"}, 1);
  EXPECT_EQ(out.status, 500);
  EXPECT_EQ(out.body.find("secret"), std::string::npos);
}

TEST(problem, is_json_whatever_the_detail_holds) {
  const auto out = problem({errc::invalid_argument, "\xff\x01\"\n"}, 1);
  EXPECT_EQ(nlohmann::json::parse(out.body).at("detail"), "\ufffd\x01\"\n");
}

} // namespace
} // namespace troupe::gateway
