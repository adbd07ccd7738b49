#include "node/detail/text_table.hpp"

#include <gtest/gtest.h>

namespace troupe::detail::test {
namespace {

using namespace std::chrono_literals;

TEST(text_table, aligns_its_columns) {
  text_table table{{{"NAME"}, {"COUNT", true}, {"LAST"}}};
  table.add({"a", "12345", "x"});
  table.add({"longer", "1", ""});
  EXPECT_EQ(table.text(), "NAME    COUNT  LAST\n"
                          "a       12345  x\n"
                          "longer      1  -\n");
}

TEST(text_table, without_rows_has_its_titles) {
  EXPECT_EQ((text_table{{{"A"}, {"B", true}}}.text()), "A  B\n");
}

TEST(text_table, counts_characters_and_not_bytes) {
  text_table table{{{"A"}, {"B"}}};
  table.add({"\u00e4\u00f6\u00fc", "x"});
  table.add({"abc", "y"});
  EXPECT_EQ(table.text(), "A    B\n\u00e4\u00f6\u00fc  x\nabc  y\n");
}

TEST(text_table, shows_nothing_that_a_terminal_obeys) {
  text_table table{{{"A"}}};
  table.add({"\x1b[2J\x07"});
  table.add({"a\nb\rc\x7f"});
  table.add({"\xc2\x9b" "31m"}); // CSI of C1
  table.add({"\xff\xc3"});       // no UTF-8
  EXPECT_EQ(table.text(), "A\n?[2J?\na?b?c?\n?31m\n??\n");
}

TEST(short_count, keeps_four_digits_and_shortens_more) {
  EXPECT_EQ(short_count(0), "0");
  EXPECT_EQ(short_count(9999), "9999");
  EXPECT_EQ(short_count(10'000), "10.0k");
  EXPECT_EQ(short_count(12'345), "12.3k");
  EXPECT_EQ(short_count(999'949), "999.9k");
  EXPECT_EQ(short_count(999'950), "1.0M");
  EXPECT_EQ(short_count(~std::uint64_t{0}), "18.4E");
}

TEST(short_time, has_two_units_at_most) {
  EXPECT_EQ(short_time(0ms), "0ms");
  EXPECT_EQ(short_time(999ms), "999ms");
  EXPECT_EQ(short_time(1050ms), "1.0s");
  EXPECT_EQ(short_time(59'999ms), "59.9s");
  EXPECT_EQ(short_time(5min + 3s), "5m 03s");
  EXPECT_EQ(short_time(2h + 5min + 59s), "2h 05m");
  EXPECT_EQ(short_time(24h * 3 + 4h), "3d 04h");
}

} // namespace
} // namespace troupe::detail::test
