#include "config/units.hpp"

#include <gtest/gtest.h>

namespace troupe::config {
namespace {

using std::chrono::milliseconds;

TEST(duration, is_a_number_and_a_unit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(duration, refuses_other_text) {
  for (const auto* text : {"", "10", "s", "1.5s", "-1s", "+1s", " 1s", "1s ", "1 s", "1S", "1d",
                           "1h30m", "9223372036854775807s", "99999999999999999999s"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(duration, is_printed_in_the_largest_unit_without_a_remainder) {
  for (const auto* text : {"0s", "1ms", "250ms", "1001ms", "10s", "90s", "1m", "1h", "25h"})
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
}

TEST(size, is_a_number_of_bytes_with_or_without_a_unit) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("16384"), 16384U);
  EXPECT_EQ(parse_size("100B"), 100U);
  EXPECT_EQ(parse_size("16KiB"), 16384U);
  EXPECT_EQ(parse_size("1MiB"), 1048576U);
  EXPECT_EQ(parse_size("2GiB"), 2147483648U);
}

TEST(size, refuses_other_text) {
  for (const auto* text : {"", "KiB", "1KB", "1kib", "1M", "1.5MiB", "-1", "+1", " 1", "1 KiB",
                           "0x10", "99999999999999999999", "9223372036854775807KiB",
                           "9223372036854775808"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(size, is_printed_in_the_largest_unit_without_a_remainder) {
  for (const auto* text : {"0", "1", "1000", "1025", "1KiB", "64KiB", "1MiB", "1025MiB", "1GiB"})
    EXPECT_EQ(format_size(parse_size(text).value()), text);
}

} // namespace
} // namespace troupe::config
