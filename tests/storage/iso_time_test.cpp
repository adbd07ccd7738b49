#include "storage/detail/iso_time.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace troupe::storage {
namespace {

TEST(iso_time, joins_date_and_time_and_spells_the_offset) {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"2026-01-31 12:00:00", "2026-01-31T12:00:00"},
    {"2026-01-31 12:00:00.5+00", "2026-01-31T12:00:00.5Z"},
    {"2026-01-31 12:00:00+02", "2026-01-31T12:00:00+02:00"},
    {"2026-01-31 12:00:00-0330", "2026-01-31T12:00:00-03:30"},
    {"2026-01-31 12:00:00+05:45", "2026-01-31T12:00:00+05:45"},
    {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"},
    {"12026-01-31 12:00:00", "12026-01-31T12:00:00"},
  };
  for (const auto& [from, to] : cases)
    EXPECT_EQ(to_iso_time(from), to);
  EXPECT_EQ(to_iso_time("2026-01-31 12:00:00", true), "2026-01-31T12:00:00Z");
  EXPECT_EQ(to_iso_time("2026-01-31 12:00:00+02", true), "2026-01-31T12:00:00+02:00");
}

TEST(iso_time, leaves_everything_else_alone) {
  for (const auto* text : {"", "2026-01-31", "12:00:00", "12:00:00+02", "infinity", "-infinity",
                           "0044-03-15 12:00:00 BC", "some text, with blanks", "T", " "})
    EXPECT_EQ(to_iso_time(text, true), text);
}

} // namespace
} // namespace troupe::storage
