#include "tests/support/postgres_cluster.hpp"
#include "tests/support/postgres_database.hpp"
#include "tests/support/postgres_programs.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

TEST(PostgresCluster, KeepsItsDataWhenItIsTakenAwayAndStartedAgain) {
  if (!postgres_programs())
    GTEST_SKIP() << "PostgreSQL is not installed";
  postgres_cluster cluster;
  run_sql(cluster.url(), "CREATE TABLE kept AS SELECT 7 AS n");
  cluster.stop();
  EXPECT_THROW(run_sql(cluster.url(), "SELECT 1"), std::runtime_error);
  cluster.start();
  EXPECT_EQ(run_sql(cluster.url(), "SELECT n FROM kept"), "7\n");
}

TEST(PostgresUrl, AnotherDatabaseKeepsServerAndParameters) {
  EXPECT_EQ(with_database("postgres://u@h:1/a", "b"), "postgres://u@h:1/b");
  EXPECT_EQ(with_database("postgres://u@h:1", "b"), "postgres://u@h:1/b");
  EXPECT_EQ(with_database("postgres:///a?host=/tmp/x", "b"), "postgres:///b?host=/tmp/x");
}

} // namespace
} // namespace troupe::test
