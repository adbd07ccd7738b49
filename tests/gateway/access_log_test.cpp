#include "gateway/detail/access_log.hpp"

#include "tests/support/file_descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <regex>
#include <string>
#include <vector>

namespace troupe::gateway {
namespace {

using troupe::test::file_descriptor;
using namespace std::chrono_literals;

struct both_ends {
  file_descriptor read, write;
};

both_ends make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::runtime_error{"no pipe"};
  return {file_descriptor{ends[0]}, file_descriptor{ends[1]}};
}

/// A log into a pipe.
class captured_log {
public:
  [[nodiscard]] const detail::log_output& output() const noexcept { return output_; }

  /// What has been written since the last call.
  std::string take() {
    std::string out;
    char part[4096];
    for (ssize_t n; (n = ::read(pipe_.read.get(), part, sizeof part)) > 0;)
      out.append(part, static_cast<std::size_t>(n));
    return out;
  }

private:
  both_ends pipe_ = make_pipe();
  detail::log_output output_{pipe_.write.get()};
};

class an_access_log : public testing::Test {
protected:
  detail::timer_queue timers_{[](detail::steady_time) {}};

  /// What one request leaves in the log.
  std::string line(access_format format, std::string_view target) {
    captured_log captured;
    access_log log{format, timers_, captured.output()};
    log.add("203.0.113.7", "GET", target, 404, 1500us, 0xabc);
    log.flush();
    return captured.take();
  }
};

const std::vector<std::string> hostile{"/",
                                       "/a\"b\\c",
                                       "/\",\"status\":200,\"x\":\"",
                                       "/\r\n{\"level\":\"error\"}",
                                       "/\xff\xfe",
                                       "/\u00e4\u20ac",
                                       std::string{"/\0\x01\x1f\x7f", 5},
                                       "/\x1b[31m",
                                       "/\\u0022",
                                       std::string(8000, '"')};

TEST_F(an_access_log, writes_one_line_of_valid_json_whatever_the_target_holds) {
  for (const auto& target : hostile) {
    const auto text = line(access_format::json, target);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    ASSERT_TRUE(parsed.is_object()) << text;
    EXPECT_EQ(parsed.size(), 9u);
    EXPECT_EQ(parsed.at("client"), "203.0.113.7");
    EXPECT_EQ(parsed.at("level"), "info");
    EXPECT_EQ(parsed.at("message"), "access");
    EXPECT_EQ(parsed.at("method"), "GET");
    EXPECT_EQ(parsed.at("status"), 404);
    EXPECT_EQ(parsed.at("duration_us"), 1500);
    EXPECT_EQ(parsed.at("request_id"), "0000000000000abc");
    EXPECT_TRUE(std::regex_match(parsed.at("time").get<std::string>(),
                                 std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"}))
        << text;
  }
  EXPECT_EQ(nlohmann::json::parse(line(access_format::json, "/a\"b\\c")).at("target"), "/a\"b\\c");
}

TEST_F(an_access_log, writes_one_line_of_plain_text_whatever_the_target_holds) {
  for (const auto& target : hostile) {
    const auto text = line(access_format::text, target);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    for (const auto c : text.substr(0, text.size() - 1))
      ASSERT_TRUE(c >= 0x20 && c < 0x7f) << text;
    EXPECT_TRUE(text.ends_with(" 404 1500 us 0000000000000abc\n")) << text;
  }
  EXPECT_TRUE(std::regex_match(
      line(access_format::text, "/x?y"),
      std::regex{R"(\d\d:\d\d:\d\d\.\d{3} 203\.0\.113\.7 GET /x\?y 404 1500 us 0000000000000abc\n)"}));
}

TEST_F(an_access_log, tells_the_trace_where_there_is_one) {
  const auto with_trace = [&](access_format format) {
    captured_log captured;
    access_log log{format, timers_, captured.output()};
    log.add("203.0.113.7", "GET", "/", 200, 1us, 1, "4bf92f3577b34da6a3ce929d0e0e4736");
    log.flush();
    return captured.take();
  };
  const auto parsed = nlohmann::json::parse(with_trace(access_format::json));
  EXPECT_EQ(parsed.at("trace_id"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parsed.size(), 10u);
  EXPECT_TRUE(with_trace(access_format::text).ends_with(" trace_id=4bf92f3577b34da6a3ce929d0e0e4736\n"));
}

TEST_F(an_access_log, gathers_lines_and_writes_them_whole_in_order) {
  captured_log captured;
  access_log log{access_format::text, timers_, captured.output()};
  std::string written;
  for (int i = 0; i < 100; ++i) {
    log.add("203.0.113.7", "GET", "/" + std::to_string(i), 200, 1us, 1);
    const auto part = captured.take();
    EXPECT_TRUE(part.empty() || part.ends_with('\n'));
    EXPECT_LE(part.size(), 4096u); // what a pipe takes as one piece
    written += part;
  }
  EXPECT_FALSE(written.empty()); // has not waited for the end
  log.flush();
  written += captured.take();
  int next = 0;
  for (std::size_t at = 0; (at = written.find("GET /", at)) != std::string::npos; ++at)
    EXPECT_EQ(std::stoi(written.substr(at + 5)), next++);
  EXPECT_EQ(next, 100);
}

TEST_F(an_access_log, writes_what_is_left_after_a_while_when_it_is_closed_and_at_its_end) {
  captured_log captured;
  {
    access_log log{access_format::text, timers_, captured.output()};
    log.add("203.0.113.7", "GET", "/first", 200, 1us, 1);
    EXPECT_EQ(captured.take(), "");
    timers_.run_due(std::chrono::steady_clock::now() + 1s);
    EXPECT_NE(captured.take().find("/first"), std::string::npos);
    log.add("203.0.113.7", "GET", "/second", 200, 1us, 1);
    log.close();
    EXPECT_NE(captured.take().find("/second"), std::string::npos);
    EXPECT_TRUE(timers_.empty());
    log.add("203.0.113.7", "GET", "/third", 200, 1us, 1);
  }
  EXPECT_NE(captured.take().find("/third"), std::string::npos);
  EXPECT_TRUE(timers_.empty());
}

TEST_F(an_access_log, goes_on_when_nobody_reads_it) {
  captured_log captured;
  access_log log{access_format::text, timers_, captured.output()};
  for (int i = 0; i < 2000; ++i) // more than the pipe holds
    log.add("203.0.113.7", "GET", "/" + std::string(100, 'x'), 200, 1us, 1);
  log.flush();
  EXPECT_FALSE(captured.take().empty());
  log.add("203.0.113.7", "GET", "/again", 200, 1us, 1);
  log.flush();
  EXPECT_NE(captured.take().find("/again"), std::string::npos);
}

} // namespace
} // namespace troupe::gateway
