#include "actors/detail/key_rows.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace troupe::test {
namespace {

using detail::column_of;
using detail::key_set;
using detail::result_part;
using std::int64_t;

key_set keys_of(std::vector<sql_value> all) {
  key_set out;
  for (const auto& each : all)
    out.add(each);
  out.sort();
  return out;
}

sql_value number(int64_t value) {
  return value;
}

/// One row for each: its key, and where it stood.
sql_result rows_with(const std::vector<sql_value>& keys) {
  sql_result out{{"key", "at"}, {}, 0};
  for (const auto& each : keys) {
    const auto place = static_cast<int64_t>(out.row_count());
    out.cells.push_back(each);
    out.cells.emplace_back(place);
  }
  return out;
}

std::string places_of(const result_part& part) {
  std::string out;
  for (std::size_t i = part.first; i < part.first + part.count; ++i)
    out += std::to_string(std::get<int64_t>(part.all->cells[i * 2 + 1]));
  return out;
}

TEST(key_set, finds_each_key_once_and_no_other_value) {
  const auto keys = keys_of({number(7), number(-1), number(7), number(3)});
  EXPECT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys.find(number(-1)), 0u);
  EXPECT_EQ(keys.find(number(7)), 2u);
  EXPECT_EQ(keys.find(number(4)), std::nullopt);
  EXPECT_EQ(keys.find(sql_value{std::string{"7"}}), std::nullopt);
  EXPECT_EQ(keys.find(sql_value{}), std::nullopt);
  EXPECT_FALSE(keys.are_texts());
  EXPECT_TRUE(keys_of({sql_value{std::string{"a"}}}).are_texts());
}

TEST(key_set, takes_integers_and_texts) {
  EXPECT_TRUE(key_set::takes(number(1)));
  EXPECT_TRUE(key_set::takes(sql_value{std::string{"a"}}));
  EXPECT_FALSE(key_set::takes(sql_value{}));
  EXPECT_FALSE(key_set::takes(sql_value{1.5}));
  EXPECT_FALSE(key_set::takes(sql_value{numeric{"1"}}));
}

TEST(key_rows, are_those_of_each_key_in_their_order) {
  const auto keys = keys_of({number(1), number(2), number(3)});
  for (const auto& order : {std::vector{number(1), number(1), number(3)}, {number(3), number(1), number(1)},
                            {number(1), number(3), number(1)}, {number(3)}, {}}) {
    const auto found = split(rows_with(order), 0, keys);
    EXPECT_FALSE(found.any_foreign);
    ASSERT_EQ(found.of_key.size(), 3u);
    for (std::size_t key = 0; key < 3; ++key) {
      std::string wanted;
      for (std::size_t i = 0; i < order.size(); ++i)
        if (order[i] == keys.all()[key])
          wanted += std::to_string(i);
      EXPECT_EQ(places_of(found.of_key[key]), wanted);
    }
  }
}

TEST(key_rows, of_no_key_are_noticed) {
  const auto keys = keys_of({number(1), number(2)});
  EXPECT_TRUE(split(rows_with({number(1), number(9)}), 0, keys).any_foreign);
  EXPECT_TRUE(split(rows_with({sql_value{std::string{"1"}}}), 0, keys).any_foreign);
  EXPECT_TRUE(split(rows_with({number(1), sql_value{}, number(1)}), 0, keys).any_foreign);
}

TEST(key_rows, are_found_by_a_column_that_there_is) {
  EXPECT_EQ(column_of(rows_with({}), "at"), 1u);
  EXPECT_EQ(column_of(rows_with({}), "AT"), std::nullopt);
  EXPECT_EQ(column_of({{"id", "name", "id"}, {}, 0}, "id"), std::nullopt) << "which of them?";
}

} // namespace
} // namespace troupe::test
