// What a pool says when somebody waits in vain.
#include "storage/detail/pool_trouble.hpp"

#include <gtest/gtest.h>

namespace troupe::storage {
namespace {

using namespace std::chrono_literals;
using holder = holder_table::holder;

const std::string list_route = "shop: GET /list";
const std::string buy_route = "shop: POST /buy";

holder runs(std::chrono::milliseconds time) {
  return {&list_route, false, "SELECT\n  secret FROM item", time, time};
}

holder holds(std::chrono::milliseconds time) {
  return {&buy_route, true, "", time + 10ms, time};
}

pool_state with(std::vector<holder> holders) {
  return {2000ms, 7, holders.size(), holders.size(), false, std::move(holders)};
}

TEST(pool_trouble, is_a_server_that_is_away) {
  auto state = with({});
  EXPECT_EQ(explain(state).for_client,
            "no database connection within 2000 ms: the database cannot be reached, 7 waiting");
  state = with({runs(3000ms)});
  state.away = true;
  EXPECT_EQ(explain(state).for_client,
            "no database connection within 2000 ms: the database cannot be reached, 7 waiting");
}

TEST(pool_trouble, is_slow_statements) {
  const auto found = explain(with({runs(1500ms), runs(10ms), runs(1000ms), holds(10ms)}));
  EXPECT_EQ(found.for_client, "no database connection within 2000 ms: slow statements run on 2 of 4 "
                              "connections, 7 waiting");
}

TEST(pool_trouble, is_transactions_that_do_nothing) {
  const auto found = explain(with({holds(1900ms), runs(10ms)}));
  EXPECT_EQ(found.for_client, "no database connection within 2000 ms: 1 of 2 connections held by "
                              "transactions that do nothing, 7 waiting");
}

TEST(pool_trouble, is_a_pool_that_is_too_small) {
  EXPECT_EQ(explain(with({runs(10ms), holds(5ms)})).for_client,
            "no database connection within 2000 ms: 2 connections are too few for what is asked of the "
            "database, 7 waiting");
  EXPECT_EQ(explain(with({runs(10ms)})).for_client,
            "no database connection within 2000 ms: 1 connection is too few for what is asked of the "
            "database, 7 waiting");
}

TEST(pool_trouble, is_a_server_that_takes_no_further_connection) {
  auto state = with({runs(10ms), runs(3000ms), holds(5ms)});
  state.allowed = 10;
  state.away = true;
  EXPECT_EQ(explain(state).for_client,
            "no database connection within 2000 ms: 3 connections are too few for what is asked of the "
            "database, which takes no further one, 7 waiting");
}

TEST(pool_trouble, names_who_has_the_connections_to_the_log_alone) {
  const auto found = explain(with({holds(1900ms), runs(10ms)}));
  EXPECT_EQ(found.for_log, found.for_client + "; shop: POST /buy has a transaction for 1910 ms and runs "
                                              "nothing for 1900 ms; shop: GET /list runs SELECT secret FROM "
                                              "item for 10 ms");
  EXPECT_EQ(found.for_client.find("secret"), std::string::npos);
  EXPECT_EQ(found.for_client.find("shop"), std::string::npos);
}

TEST(pool_trouble, stays_readable_with_many_connections_and_long_statements) {
  holder long_one = runs(10ms);
  long_one.statement = "SELECT '" + std::string(110, 'x') + "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4'";
  long_one.asked_by = nullptr;
  const auto found = explain(with(std::vector<holder>(300, long_one)));
  EXPECT_LT(found.for_log.size(), 2500u);
  EXPECT_TRUE(found.for_log.ends_with("; and 290 more")) << found.for_log;
  EXPECT_NE(found.for_log.find("(no route) runs SELECT 'xxx"), std::string::npos) << found.for_log;
  EXPECT_NE(found.for_log.find("\xc3\xa4... for 10 ms"), std::string::npos) << "cut between characters";
}

} // namespace
} // namespace troupe::storage
