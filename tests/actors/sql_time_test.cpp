#include "actors/detail/sql_time.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace troupe::detail {
namespace {

using namespace std::chrono_literals;
using std::int64_t;

int64_t at(std::chrono::year_month_day date, std::chrono::microseconds time = {}) {
  return (std::chrono::sys_days{date} + time).time_since_epoch().count();
}

TEST(sql_time, writes_points_in_time_with_six_digits) {
  EXPECT_EQ(timestamp_text(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(timestamp_text(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(timestamp_text(at(std::chrono::year{2026} / 1 / 31, 12h + 500ms)), "2026-01-31T12:00:00.500000Z");
  EXPECT_EQ(timestamp_text(at(std::chrono::year{12026} / 1 / 31)), "12026-01-31T00:00:00.000000Z");
  EXPECT_EQ(timestamp_text(at(std::chrono::year{0} / 2 / 29)), "0001-02-29T00:00:00.000000Z BC");
  EXPECT_EQ(timestamp_text(at(std::chrono::year{-43} / 3 / 15, 12h)), "0044-03-15T12:00:00.000000Z BC");
  EXPECT_EQ(timestamp_text(std::numeric_limits<int64_t>::max()), "294247-01-10T04:00:54.775807Z");
  EXPECT_EQ(timestamp_text(std::numeric_limits<int64_t>::min()), "290309-12-21T19:59:05.224192Z BC");
}

TEST(sql_time, reads_what_it_has_written) {
  std::mt19937_64 random{7};
  std::vector<int64_t> all{0, 1, -1, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  for (int i = 0; i < 10'000; ++i)
    all.push_back(static_cast<int64_t>(random() >> (i % 60)) * (i % 2 == 0 ? 1 : -1));
  for (const auto x : all) {
    const auto point = parse_timestamp(timestamp_text(x));
    EXPECT_EQ(point.value, x);
    EXPECT_EQ(point.defect, "") << timestamp_text(x);
    if (x == std::numeric_limits<int64_t>::min())
      continue; // its text has no counterpart without the sign
    const auto time = parse_time(time_text(x));
    EXPECT_EQ(time.value, x);
    EXPECT_EQ(time.defect, "") << time_text(x);
  }
  for (auto day = std::chrono::sys_days{std::chrono::year::min() / 1 / 1};
       day < std::chrono::sys_days{std::chrono::year::max() / 1 / 1}; day += std::chrono::days{997}) {
    const auto date = parse_date(date_text(day));
    EXPECT_EQ(date.value, std::chrono::year_month_day{day});
    EXPECT_EQ(date.defect, "");
  }
}

TEST(sql_time, reads_points_in_time_of_every_shape) {
  const auto noon = at(std::chrono::year{2026} / 1 / 31, 12h);
  const std::vector<std::pair<std::string, int64_t>> cases{
    {"2026-01-31T12:00:00Z", noon},
    {"2026-01-31 12:00:00", noon},
    {"2026-01-31 12:00", noon},
    {"2026-01-31", noon - 43'200'000'000},
    {"2026-01-31T12:00:00.5Z", noon + 500'000},
    {"2026-01-31T12:00:00.000001", noon + 1},
    {"2026-01-31T12:00:00.100000000Z", noon + 100'000},
    {"2026-01-31T14:00:00+02", noon},
    {"2026-01-31T14:30:00+02:30", noon},
    {"2026-01-31T14:30:00+0230", noon},
    {"2026-01-31T08:30:00-03:30", noon},
    {"2026-01-31T12:00:10+00:00:10", noon},
    {"2026-01-30T24:00:00Z", noon - 43'200'000'000},
    {"0044-03-15 12:00:00 BC", at(std::chrono::year{-43} / 3 / 15, 12h)},
    {"0044-03-15 12:00:00+00 BC", at(std::chrono::year{-43} / 3 / 15, 12h)},
  };
  for (const auto& [text, value] : cases) {
    const auto found = parse_timestamp(text);
    EXPECT_EQ(found.value, value) << text;
    EXPECT_EQ(found.defect, "") << text;
  }
}

TEST(sql_time, says_why_a_text_is_no_point_in_time) {
  for (const auto* text : {"", "x", "2026", "2026-01", "2026-1-31", "2026-01-32", "2026-02-29", "2026-13-01",
                           "2026-00-10", "0000-01-01 BC", "2026-01-31T", "2026-01-31T12", "2026-01-31T12:0",
                           "2026-01-31T24:00:01Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:60Z",
                           "2026-01-31T12:00:00.", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00ZZ",
                           "2026-01-31T12:00:00+", "2026-01-31T12:00:00+2", "2026-01-31T12:00:00+02:",
                           "2026-01-31T12:00:00 ", " 2026-01-31", "2026-01-31Z", "12:00:00", "1234567890-01-01",
                           "-2026-01-31", "2026-01-31T12:00:00+01:00:00:00"})
    EXPECT_EQ(parse_timestamp(text).defect, "it is no date and time") << text;
  EXPECT_EQ(parse_timestamp("infinity").defect, "it is infinite");
  EXPECT_EQ(parse_timestamp("-infinity").defect, "it is infinite");
  EXPECT_EQ(parse_timestamp("2026-01-31T12:00:00.0000001Z").defect, "it has more digits than microseconds");
  EXPECT_EQ(parse_timestamp("294247-01-10T04:00:54.775808Z").defect, "it is out of range");
  EXPECT_EQ(parse_timestamp("290309-12-21T19:59:05.224191Z BC").defect, "it is out of range");
  EXPECT_EQ(parse_timestamp("999999999-01-01").defect, "it is out of range");
}

TEST(sql_time, says_why_a_text_is_no_date) {
  EXPECT_EQ(parse_date("infinity").defect, "it is infinite");
  EXPECT_EQ(parse_date("2026-01-31T12:00:00Z").defect, "it is more than a date");
  EXPECT_EQ(parse_date("5874897-12-31").defect, "it is out of range");
  for (const auto* text : {"", "12:00:00", "2025-02-29", "31.1.2026"})
    EXPECT_EQ(parse_date(text).defect, "it is no date") << text;
}

TEST(sql_time, reads_times_of_day_and_intervals) {
  const std::vector<std::pair<std::string, std::chrono::microseconds>> cases{
    {"00:00:00", 0us},
    {"12:30", 12h + 30min},
    {"23:59:59.999999", 24h - 1us},
    {"24:00:00", 24h},
    {"-00:00:00.5", -500ms},
    {"100:00:00", 100h},
    {"1 day", 24h},
    {"-3 days", -72h},
    {"-1 days +02:00:00", -22h},
    {"2 days -00:00:01", 48h - 1s},
  };
  for (const auto& [text, value] : cases) {
    const auto found = parse_time(text);
    EXPECT_EQ(found.value, value.count()) << text;
    EXPECT_EQ(found.defect, "") << text;
  }
}

TEST(sql_time, says_why_a_text_is_no_time_and_no_interval) {
  for (const auto* text : {"", "x", "12", "1:00", "12:60:00", "12:00:61", "1 fortnight", "days", "1 day x",
                           "12:00:00 x", "--01:00:00", "12:00:00.", "2026-01-31"})
    EXPECT_EQ(parse_time(text).defect, "it is no time of day and no interval") << text;
  for (const auto* text : {"1 mon", "2 mons 1 day", "1 year", "-5 years 01:00:00"})
    EXPECT_EQ(parse_time(text).defect, "it has months or years, which have no length") << text;
  EXPECT_EQ(parse_time("12:00:00+02").defect, "it has an offset from UTC");
  EXPECT_EQ(parse_time("12:00:00.0000005").defect, "it has more digits than microseconds");
  EXPECT_EQ(parse_time("infinity").defect, "it is infinite");
  EXPECT_EQ(parse_time("9999999999:00:00").defect, "it is out of range");
  EXPECT_EQ(parse_time("2147483647 days").defect, "it is out of range");
}

} // namespace
} // namespace troupe::detail
