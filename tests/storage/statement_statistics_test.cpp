#include "storage/detail/statement_statistics.hpp"

#include <gtest/gtest.h>

namespace troupe::storage {
namespace {

using namespace std::chrono_literals;

void add(statement_statistics& to, const std::string& sql, std::chrono::nanoseconds took, std::size_t rows = 1,
         bool failed = false) {
  const statement_statistics::run one{&sql, rows, failed};
  to.add({&one, 1}, took);
}

TEST(statement_statistics, count_runs_rows_and_failures_of_each_statement) {
  statement_statistics all;
  add(all, "SELECT 1", 10us);
  add(all, "SELECT 1", 30us, 5);
  add(all, "UPDATE t", 1ms, 0, true);
  const auto found = all.most_expensive(10);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].sql, "UPDATE t") << "the most time first";
  EXPECT_EQ(found[0].failures, 1u);
  EXPECT_EQ(found[0].total, 1000us);
  EXPECT_EQ(found[1].sql, "SELECT 1");
  EXPECT_EQ(found[1].count, 2u);
  EXPECT_EQ(found[1].rows, 6u);
  EXPECT_EQ(found[1].failures, 0u);
  EXPECT_EQ(found[1].longest, 30us);
  EXPECT_EQ(found[1].total, 40us);
  EXPECT_EQ(all.most_expensive(1).size(), 1u);
}

TEST(statement_statistics, give_those_that_went_together_an_equal_part_of_the_time) {
  statement_statistics all;
  const std::string one = "SELECT 1", other = "SELECT 2";
  all.add(std::vector<statement_statistics::run>{
            {&one, 1, false}, {&one, 1, false}, {&one, 1, false}, {&other, 1, false}},
          400us);
  const auto found = all.most_expensive(10);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].count, 3u);
  EXPECT_EQ(found[0].batches, 1u);
  EXPECT_EQ(found[0].total, 300us);
  EXPECT_EQ(found[0].longest, 100us);
  EXPECT_EQ(found[1].total, 100us);
}

TEST(statement_statistics, tell_quantiles_to_an_eighth) {
  statement_statistics all;
  for (int i = 1; i <= 1000; ++i)
    add(all, "SELECT 1", i * 1us);
  const auto found = all.most_expensive(1).at(0);
  EXPECT_NEAR(static_cast<double>(found.p50.count()), 500, 500 / 8.0);
  EXPECT_NEAR(static_cast<double>(found.p99.count()), 990, 990 / 8.0);
}

TEST(statement_statistics, take_times_of_any_length) {
  statement_statistics all;
  for (const std::chrono::nanoseconds time : {0ns, 1ns, 999ns, 1000ns, std::chrono::nanoseconds{24h * 365 * 100}})
    add(all, "SELECT 1", time);
  const auto found = all.most_expensive(1).at(0);
  EXPECT_EQ(found.count, 5u);
  EXPECT_LE(found.p50, 1us);
  EXPECT_GT(found.longest, 1h);
  EXPECT_LE(found.p99, found.longest);
}

TEST(statement_statistics, are_bounded) {
  statement_statistics all;
  for (std::size_t i = 0; i < statement_statistics::most_statements + 50; ++i)
    add(all, "SELECT " + std::to_string(i), i < 100 ? 1ms : 1us);
  add(all, "SELECT 7", 1ms);
  const auto found = all.most_expensive(10'000);
  EXPECT_EQ(found.size(), statement_statistics::most_statements + 1) << "and one for all others";
  std::uint64_t others = 0;
  for (const auto& each : found)
    if (each.sql.empty())
      others += each.count;
  EXPECT_EQ(others, 50u);
  EXPECT_EQ(found.at(0).sql, "SELECT 7") << "those that are known go on being told apart";
}

} // namespace
} // namespace troupe::storage
