#include "actors/messages/trace_context.hpp"
#include "actors/messages/request.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace troupe {
namespace {

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string parent = "00f067aa0ba902b7";

std::string field(const std::string& version, const std::string& flags, const std::string& more = {}) {
  return version + '-' + trace + '-' + parent + '-' + flags + more;
}

TEST(trace_context, is_read_from_what_is_to_the_letter) {
  const struct {
    std::string text;
    bool sampled;
  } all[]{
    {field("00", "01"), true},
    {field("00", "00"), false},
    {field("00", "03"), true},  // a flag that we do not know
    {field("00", "fe"), false}, // all but the one that we know
    {field("00", "ff"), true},
    {field("cc", "01"), true}, // a version to come, which may have more
    {field("cc", "01", "-what-the-future-brings"), true},
    {field("01", "00", "-"), false},
  };
  for (const auto& each : all) {
    const auto got = trace_context::parse(each.text);
    ASSERT_TRUE(got) << each.text;
    EXPECT_EQ(got->trace_id(), trace) << each.text;
    EXPECT_EQ(got->parent_id(), parent) << each.text;
    EXPECT_EQ(got->sampled(), each.sampled) << each.text;
    EXPECT_EQ(got->traceparent(), field("00", each.sampled ? "01" : "00")) << each.text;
  }
}

TEST(trace_context, is_not_read_from_anything_else) {
  const auto good = field("00", "01");
  const std::string all[]{
    "",
    "00",
    good.substr(0, 54),
    good + "0",
    good + "-00",        // version 00 has no more
    ' ' + good,
    good + ' ',
    field("ff", "01"),
    field("0", "01"),
    field("0g", "01"),
    field("CC", "01"),
    field("cc", "01", "x"),
    field("00", "0"),
    field("00", "0x"),
    field("00", "0F"),
    "00-" + std::string(32, '0') + '-' + parent + "-01",
    "00-" + trace + '-' + std::string(16, '0') + "-01",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + parent + "-01",
    "00-" + trace.substr(1) + "g-" + parent + "-01",
    "00_" + trace + '-' + parent + "-01",
    "00-" + trace + '_' + parent + "-01",
    "00-" + trace + '-' + parent + "_01",
    "00-" + trace + '-' + parent.substr(2) + "'*-01",
    "00-*/; DROP TABLE users; --" + std::string(9, 'a') + '-' + parent + "-01",
    "00-" + trace + '-' + parent + "-'*",
    good + std::string("\0", 1),
    "00-" + trace.substr(1) + std::string("\0", 1) + '-' + parent + "-01",
    "00-" + trace.substr(2) + "\xc3\xa4-" + parent + "-01",
    std::string(55, '0'),
    std::string(55, '-'),
    std::string(100'000, 'a'),
  };
  for (const auto& each : all)
    EXPECT_FALSE(trace_context::parse(each)) << each.substr(0, 200);
}

TEST(trace_context, with_any_byte_changed_is_refused_or_holds_harmless_characters) {
  const auto good = field("00", "01");
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int byte = 0; byte < 256; ++byte) {
      auto text = good;
      text[i] = static_cast<char>(byte);
      if (const auto got = trace_context::parse(text))
        EXPECT_EQ(got->traceparent().find_first_not_of("0123456789abcdef-"), std::string_view::npos) << text;
    }
}

TEST(trace_context, begins_with_ids_of_its_own) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const auto made = trace_context::begin(i % 2 == 0);
    EXPECT_EQ(trace_context::parse(made.traceparent()), made);
    EXPECT_EQ(made.sampled(), i % 2 == 0);
    EXPECT_TRUE(ids.emplace(made.trace_id()).second);
    EXPECT_TRUE(ids.emplace(made.parent_id()).second);
    const auto below = made.below();
    EXPECT_EQ(trace_context::parse(below.traceparent()), below);
    EXPECT_EQ(below.trace_id(), made.trace_id());
    EXPECT_EQ(below.sampled(), made.sampled());
    EXPECT_TRUE(ids.emplace(below.parent_id()).second);
  }
}

TEST(a_request, tells_its_place_in_a_trace) {
  request what;
  EXPECT_FALSE(what.trace());
  what.headers.add("Traceparent", field("00", "01"));
  ASSERT_TRUE(what.trace());
  EXPECT_EQ(what.trace()->traceparent(), field("00", "01"));
  what.headers.set("traceparent", "00-x");
  EXPECT_FALSE(what.trace());
}

} // namespace
} // namespace troupe
