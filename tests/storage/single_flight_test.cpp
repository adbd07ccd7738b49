#include "storage/detail/single_flight.hpp"

#include <gtest/gtest.h>

namespace troupe::storage {
namespace {

single_flight::waiter call(std::uint64_t number) {
  return {nullptr, call_id{number}};
}

sql_statement read(std::string sql, std::vector<sql_value> values = {}) {
  return {std::move(sql), std::move(values)};
}

TEST(single_flight, tells_statements_and_values_of_each_type_apart) {
  single_flight all;
  std::uint64_t number = 0;
  const std::vector<sql_statement> different{
    read("SELECT 1"),
    read("SELECT 1 "),
    read("SELECT 1", {std::monostate{}}),
    read("SELECT 1", {true}),
    read("SELECT 1", {std::int64_t{1}}),
    read("SELECT 1", {1.0}),
    read("SELECT 1", {std::string{"1"}}),
    read("SELECT 1", {blob{"1"}}),
    read("SELECT 1", {json_text{"1"}}),
    read("SELECT 1", {numeric{"1"}}),
    read("SELECT 1", {timestamp{"1"}}),
    read("SELECT 1", {std::string{"1"}, std::string{"2"}}),
    read("SELECT 1", {std::string{"12"}, std::string{""}}),
    read("SELECT 1", {std::string{"1"}, std::string{"1:2"}}),
    read("SELECT 1", {sql_array{}}),
    read("SELECT 1", {sql_array{{std::int64_t{1}, std::int64_t{2}}}}),
    read("SELECT 1", {sql_array{{std::int64_t{1}}}, std::int64_t{2}}),
    read("SELECT 1", {sql_array{{sql_array{{std::int64_t{1}}}, std::int64_t{2}}}}),
  };
  for (const auto& each : different)
    EXPECT_TRUE(all.join(each, call(++number))) << number;
  for (const auto& each : different)
    EXPECT_FALSE(all.join(each, call(++number))) << number;
}

TEST(single_flight, lands_for_all_who_have_joined_and_is_over_then) {
  single_flight all;
  const auto flight = all.join(read("SELECT 1"), call(1));
  EXPECT_FALSE(all.join(read("SELECT 1"), call(2)));
  EXPECT_EQ(all.land(flight.value()).size(), 2u);
  EXPECT_TRUE(all.empty());
  EXPECT_TRUE(all.land(flight.value()).empty());
  const auto next = all.join(read("SELECT 1"), call(1));
  ASSERT_TRUE(next);
  EXPECT_NE(next, flight);
}

TEST(single_flight, is_over_when_the_last_one_has_left) {
  single_flight all;
  const auto flight = all.join(read("SELECT 1"), call(1));
  EXPECT_FALSE(all.join(read("SELECT 1"), call(2)));
  EXPECT_FALSE(all.leave(call(3)).was_here);
  const auto first = all.leave(call(1));
  EXPECT_TRUE(first.was_here);
  EXPECT_FALSE(first.empty);
  EXPECT_FALSE(all.leave(call(1)).was_here) << "it has left";
  EXPECT_EQ(all.leave(call(2)).empty, flight);
  EXPECT_TRUE(all.empty());
}

} // namespace
} // namespace troupe::storage
