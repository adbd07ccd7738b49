// The bytes of each row given to the parser itself: here a cut is certain to be one, while bytes of
// a connection may be read together although they were sent apart.
#include "gateway/detail/http_parser.hpp"
#include "tests/conformance/case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::test {
namespace {

config::http_settings limits() {
  config::http_settings out;
  out.max_header_bytes = header_limit;
  out.max_headers = field_limit;
  out.max_target_bytes = target_limit;
  out.max_body_bytes = body_limit;
  return out;
}

std::string describe(troupe::gateway::http_parser& parser) {
  const auto& what = parser.message();
  auto out = std::string{to_string(what.method)} + " " + what.target + "\n";
  for (std::size_t i = 0; i < what.headers.size(); ++i)
    out.append(what.headers[i].first).append(": ").append(what.headers[i].second).append("\n");
  return out + what.body + (what.has_body ? "\nwith" : "\nwithout") + " body, "
         + (parser.keep_alive() ? "goes on\n" : "ends\n");
}

/// What the parser says of the bytes when `pieces` of them come one after the other.
class reader {
public:
  void take(std::string_view piece) {
    waiting_.append(piece);
    while (!waiting_.empty() && !failed_) {
      std::size_t used = 0;
      const auto progress = parser_.feed(waiting_, used);
      waiting_.erase(0, used);
      if (progress == troupe::gateway::http_parser::progress::need_more)
        return;
      failed_ = progress == troupe::gateway::http_parser::progress::failed;
      said_ +=
          failed_ ? std::string{to_string(parser_.problem().code)} + ": " + parser_.problem().detail
                  : describe(parser_);
      if (!failed_)
        parser_.reset();
    }
  }

  [[nodiscard]] const std::string& said() const noexcept { return said_; }

private:
  config::http_settings limits_ = limits();
  troupe::gateway::http_parser parser_{limits_};
  std::string waiting_;
  std::string said_;
  bool failed_ = false;
};

std::string whole(const conformance_case& what) {
  reader out;
  out.take(what.bytes);
  return out.said();
}

TEST(ConformanceOfTheParser, OneByteAtATimeGivesTheSame) {
  for (const auto& each : all_cases()) {
    reader bytewise;
    for (auto c : each.bytes)
      bytewise.take({&c, 1});
    EXPECT_EQ(bytewise.said(), whole(each)) << each.name;
  }
}

TEST(ConformanceOfTheParser, ACutAtAnyPositionGivesTheSame) {
  for (const auto& each : all_cases()) {
    const auto expected = whole(each);
    for (std::size_t at = 1; at < each.bytes.size(); ++at) {
      reader cut;
      cut.take(std::string_view{each.bytes}.substr(0, at));
      cut.take(std::string_view{each.bytes}.substr(at));
      EXPECT_EQ(cut.said(), expected) << each.name << ", cut at " << at;
    }
  }
}

TEST(ConformanceOfTheParser, AWrongByteAnywhereGivesTheSameHoweverTheBytesAreCut) {
  using namespace std::string_literals;
  for (auto each : all_cases())
    for (std::size_t at = 0; at < each.bytes.size() && at < header_limit / 4; ++at)
      for (auto wrong : "\0\t\n\r \",:;0\x80"s) {
        const auto right = std::exchange(each.bytes[at], wrong);
        reader bytewise;
        for (auto c : each.bytes)
          bytewise.take({&c, 1});
        ASSERT_EQ(bytewise.said(), whole(each)) << each.name << ", another byte at " << at;
        each.bytes[at] = right;
      }
}

TEST(ConformanceOfTheParser, WhatItRefusesIsRefusedWithoutWaitingForMore) {
  for (const auto& each : all_cases()) {
    const bool must_be_refused = !each.ends && each.after == fate::closes
                                 && std::all_of(each.allowed.begin(), each.allowed.end(),
                                                [](int status) { return status >= 400; });
    if (must_be_refused)
      EXPECT_NE(whole(each).find(": "), std::string::npos) << each.name;
  }
}

} // namespace
} // namespace troupe::test
