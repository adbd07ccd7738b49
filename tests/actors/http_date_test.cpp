#include "actors/detail/http_date.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <limits>
#include <string>
#include <utility>

namespace troupe::detail {
namespace {

constexpr std::int64_t today = 1790000000; // 2026-09-21
constexpr std::int64_t example = 784111777;

TEST(an_http_date, is_written_in_the_form_that_is_not_obsolete) {
  const std::pair<std::int64_t, const char*> cases[] = {
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {example, "Sun, 06 Nov 1994 08:49:37 GMT"},
    {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
    {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
    {-86400, "Wed, 31 Dec 1969 00:00:00 GMT"},
    {4102444800, "Fri, 01 Jan 2100 00:00:00 GMT"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {-62167219200, "Sat, 01 Jan 0000 00:00:00 GMT"},
  };
  for (const auto& [seconds, text] : cases) {
    EXPECT_EQ(format_http_date(seconds), text);
    EXPECT_EQ(parse_http_date(text, today), seconds) << text;
  }
}

TEST(an_http_date, of_a_year_that_has_no_four_digits_is_the_nearest_that_has) {
  EXPECT_EQ(format_http_date(253402300800), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format_http_date(std::numeric_limits<std::int64_t>::max()),
            "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format_http_date(std::numeric_limits<std::int64_t>::min()),
            "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(an_http_date, is_what_the_c_library_says_of_every_day) {
  for (std::int64_t seconds = -2208988800; seconds < 5000000000; seconds += 86400 - 37) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm utc{};
    gmtime_r(&time, &utc);
    char text[64];
    text[std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)] = '\0';
    ASSERT_EQ(format_http_date(seconds), text);
    ASSERT_EQ(parse_http_date(text, today), seconds);
  }
}

TEST(an_http_date, is_read_in_the_obsolete_forms) {
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", today), example);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", today), example);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", today), example + 10 * 86400);
  EXPECT_EQ(parse_http_date("Sun Nov 06 08:49:37 1994", today), example);
}

TEST(an_http_date, of_two_digits_is_at_most_50_years_ahead) {
  const auto year_of = [](const char* digits, std::int64_t at) {
    const auto date =
      parse_http_date("Monday, 01-Jan-" + std::string{digits} + " 00:00:00 GMT", at);
    return date ? format_http_date(*date).substr(12, 4) : "none";
  };
  EXPECT_EQ(year_of("26", today), "2026");
  EXPECT_EQ(year_of("76", today), "2076");
  EXPECT_EQ(year_of("77", today), "1977");
  EXPECT_EQ(year_of("00", today), "2000");
  EXPECT_EQ(year_of("99", today), "1999");
  EXPECT_EQ(year_of("20", 0), "2020");
  EXPECT_EQ(year_of("21", 0), "1921");
}

TEST(an_http_date, of_a_leap_second_is_the_second_after) {
  EXPECT_EQ(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", today), 1483228800);
}

TEST(an_http_date, is_none_when_anything_in_it_is_wrong) {
  for (const char* text : {
         "",
         "Sun, 06 Nov 1994 08:49:37",
         "Sun, 06 Nov 1994 08:49:37 GMT ",
         " Sun, 06 Nov 1994 08:49:37 GMT",
         "Sun, 06 Nov 1994 08:49:37 UTC",
         "Sun, 06 Nov 1994 08:49:37 gmt",
         "sun, 06 Nov 1994 08:49:37 GMT",
         "Sun, 06 nov 1994 08:49:37 GMT",
         "Sun, 6 Nov 1994 08:49:37 GMT",
         "Sun, 06 Nov 94 08:49:37 GMT",
         "Sun, 06 Nov 01994 08:49:37 GMT",
         "Sun, 00 Nov 1994 08:49:37 GMT",
         "Sun, 31 Nov 1994 08:49:37 GMT",
         "Wed, 29 Feb 2023 08:49:37 GMT",
         "Sun, 06 Nov 1994 24:00:00 GMT",
         "Sun, 06 Nov 1994 08:60:00 GMT",
         "Sun, 06 Nov 1994 08:49:61 GMT",
         "Sun, 06 Nov 1994 8:49:37 GMT",
         "Sun, -6 Nov 1994 08:49:37 GMT",
         "Sun, +6 Nov 1994 08:49:37 GMT",
         "Sun,  6 Nov 1994 08:49:37 GMT",
         "Sunday, 06 Nov 1994 08:49:37 GMT",
         "Sun, 06-Nov-94 08:49:37 GMT",
         "Sunday, 06-Nov-1994 08:49:37 GMT",
         "Sun Nov 6 08:49:37 1994",
         "Sun Nov  66 08:49:37 1994",
         "Sun Nov   08:49:37 1994",
         "Sun Nov  6 08:49:37 1994 GMT",
         "1994-11-06T08:49:37Z",
         "784111777",
       })
    EXPECT_EQ(parse_http_date(text, today), std::nullopt) << text;
}

} // namespace
} // namespace troupe::detail
