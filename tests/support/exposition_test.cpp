#include "tests/support/exposition.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace troupe::test {
namespace {

const std::string head = "# HELP a_total Help.\n# TYPE a_total counter\n";
const std::string histogram = "# HELP h Help.\n# TYPE h histogram\n";

TEST(Exposition, OfAPageGivesItsSamples) {
  const auto page = parse_exposition(head + "a_total{x=\"1\\\\\\\"\\n\",y=\"\"} 5e2\na_total 1\n" + histogram
                                     + "h_count 3\nh_sum 1.5\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\n");
  EXPECT_EQ(page.value("a_total", {{"x", "1\\\"\n"}, {"y", ""}}), 500);
  EXPECT_EQ(page.value("a_total"), 1);
  EXPECT_EQ(page.value("h_bucket", {{"le", "1"}}), 2);
  EXPECT_THROW(static_cast<void>(page.value("b")), std::out_of_range);
  EXPECT_EQ(page.sum("a_total"), 501);
  EXPECT_EQ(page.sum("a_total", {{"y", ""}}), 500);
  EXPECT_EQ(page.sum("a_total", {{"y", "z"}}), 0);
}

TEST(Exposition, RefusesWhatIsNotToTheLetter) {
  for (const std::string& bad :
       {std::string{}, head, head + "a_total 1", std::string{"a_total 1\n"}, head + "b_total 1\n",
        head + "a_total 1\na_total 1\n", head + "a_total{x=\"1\"} 1\na_total{x=\"1\"} 2\n",
        head + "a_total{x=\"\\t\"} 1\n", head + "a_total{x=\"1} 1\n", head + "a_total{x=1} 1\n",
        head + "a_total{1x=\"\"} 1\n", head + "a_total x\n", head + "a_total -1\n", head + "a_total  1\n",
        head + "a_total{x=\"\xff\"} 1\n", head + head + "a_total 1\n",
        std::string{"# HELP a Help.\n# TYPE a counter\na 1\n"},
        std::string{"# HELP a_total Help.\n# TYPE a_total gauge\na_total 1\n"},
        std::string{"# TYPE a_total counter\na_total 1\n"}, std::string{"# HELP a_total Help.\na_total 1\n"},
        histogram + "h_count 3\nh_sum 1\nh_bucket{le=\"1\"} 4\nh_bucket{le=\"+Inf\"} 3\n",
        histogram + "h_count 3\nh_sum 1\nh_bucket{le=\"1\"} 3\n",
        histogram + "h_count 4\nh_sum 1\nh_bucket{le=\"+Inf\"} 3\n",
        histogram + "h_count 3\nh_bucket{le=\"+Inf\"} 3\n", histogram + "h_count 3\nh_sum 1\n"})
    EXPECT_ANY_THROW(parse_exposition(bad)) << bad;
}

} // namespace
} // namespace troupe::test
