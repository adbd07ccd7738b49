// What the database actor must do, whatever is behind it.
#include "tests/storage/pool_fixture.hpp"
#include "tests/support/eventually.hpp"

#include <chrono>
#include <map>
#include <vector>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class pool_conformance : public on_a_pool {
protected:
  void make_table() {
    connect(database_->settings())->execute({"CREATE TABLE list (v BIGINT)", {}});
  }

  int64_t rows_in_list() {
    const auto found = connect(database_->settings())->execute({"SELECT count(*) FROM list", {}});
    return std::get<int64_t>(found.cells.at(0));
  }
};

TEST_F(pool_conformance, answers_statements_and_failures_with_their_call) {
  pool_client client{with(2)};
  const auto good = client.send(echo(7));
  const auto answer = client.next();
  EXPECT_EQ(answer.call, good);
  EXPECT_EQ(answer.as<sql_result>().cells, std::vector<sql_value>{int64_t{7}});
  const auto bad = client.send(statement("SELECT * FROM secret_table"));
  const auto refusal = client.next();
  EXPECT_EQ(refusal.call, bad);
  EXPECT_EQ(refusal.as<failure>().code, errc::internal);
  EXPECT_EQ(refusal.as<failure>().detail, "the database refused the statement");
}

TEST_F(pool_conformance, answers_every_one_of_many_callers_once_and_with_its_own_row) {
  pool_client client{with(3)};
  std::map<std::uint64_t, int64_t> asked;
  for (int64_t i = 0; i < 1'000; ++i)
    asked[client.send(echo(i))] = i;
  while (!asked.empty()) {
    const auto answer = client.next();
    const auto found = asked.find(answer.call);
    ASSERT_NE(found, asked.end()) << "call " << answer.call << " answered twice, or none came";
    EXPECT_EQ(answer.as<sql_result>().cells, std::vector<sql_value>{found->second});
    asked.erase(found);
  }
}

TEST_F(pool_conformance, loses_no_write_and_doubles_none_under_contention) {
  make_table();
  pool_client client{with(4)};
  for (int64_t i = 0; i < 400; ++i)
    client.send(statement("INSERT INTO list (v) VALUES ($1)", i));
  for (int i = 0; i < 400; ++i)
    EXPECT_EQ(client.next().as<sql_result>().affected_rows, 1);
  const auto found =
    client.ask(statement("SELECT count(*), count(DISTINCT v) FROM list")).as<sql_result>();
  EXPECT_EQ(found.cells, (std::vector<sql_value>{int64_t{400}, int64_t{400}}));
}

TEST_F(pool_conformance, serves_those_who_wait_in_their_order) {
  make_table();
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  std::map<std::uint64_t, int64_t> place_of;
  for (int64_t i = 0; i < 20; ++i)
    place_of[client.send(statement("INSERT INTO list (v) SELECT count(*) FROM list RETURNING v"))] = i;
  client.release(lease);
  for (int i = 0; i < 20; ++i) { // an answer may overtake another one, if it is given by another thread
    const auto answer = client.next();
    EXPECT_EQ(answer.as<sql_result>().cells.at(0), sql_value{place_of.at(answer.call)});
  }
}

TEST_F(pool_conformance, refuses_after_the_acquire_timeout_and_says_why) {
  auto settings = with(1);
  settings.acquire_timeout = 400ms;
  pool_client client{settings};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  const auto begin = clock::now();
  client.send(echo(1));
  client.send(sql_acquire{});
  for (int i = 0; i < 2; ++i) {
    const auto refusal = client.next().as<failure>();
    EXPECT_EQ(refusal.code, errc::unavailable);
    EXPECT_TRUE(refusal.detail.starts_with("no database connection within 400 ms: 1 of 1 connection held by "
                                           "transactions that do nothing, "))
      << refusal.detail;
  }
  EXPECT_GE(clock::now() - begin, 400ms);
  client.release(lease);
  EXPECT_EQ(client.ask(echo(2)).as<sql_result>().cells.at(0), sql_value{int64_t{2}});
}

TEST_F(pool_conformance, refuses_when_the_database_cannot_be_reached) {
  auto settings = database_->unreachable();
  settings.acquire_timeout = 100ms;
  pool_client client{settings};
  for (int i = 0; i < 3; ++i) {
    const auto refusal = client.ask(echo(1)).as<failure>();
    EXPECT_EQ(refusal.code, errc::unavailable);
    EXPECT_EQ(refusal.detail,
              "no database connection within 100 ms: the database cannot be reached, 1 waiting");
  }
}

TEST_F(pool_conformance, opens_connections_only_when_they_are_needed) {
  pool_client client{with(3)};
  auto statistics = [&] { return client.ask(pool_statistics_request{}).as<pool_statistics>(); };
  EXPECT_EQ(statistics().in_use + statistics().idle, 0u);
  for (int i = 0; i < 5; ++i)
    (void)client.ask(echo(i));
  EXPECT_EQ(statistics().idle, 1u) << "one after the other: one connection is enough";
  EXPECT_EQ(statistics().in_use, 0u);
  std::vector<sql_lease> leases;
  for (int i = 0; i < 3; ++i)
    leases.push_back(client.ask(sql_acquire{}).as<sql_lease>());
  client.send(sql_acquire{});
  EXPECT_EQ(statistics().in_use, 3u);
  EXPECT_EQ(statistics().waiting, 1u);
  client.release(leases.at(0));
  leases.at(0) = client.next().as<sql_lease>();
  for (const auto& lease : leases)
    client.release(lease);
}

TEST_F(pool_conformance, keeps_a_transaction_on_its_lease) {
  make_table();
  pool_client client{with(2)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  (void)client.ask(lease, statement("BEGIN")).as<sql_result>();
  (void)client.ask(lease, statement("INSERT INTO list VALUES (1)")).as<sql_result>();
  EXPECT_EQ(client.ask(statement("SELECT count(*) FROM list")).as<sql_result>().cells.at(0),
            sql_value{int64_t{0}});
  (void)client.ask(lease, statement("COMMIT")).as<sql_result>();
  client.release(lease);
  EXPECT_EQ(client.ask(statement("SELECT count(*) FROM list")).as<sql_result>().cells.at(0),
            sql_value{int64_t{1}});
}

TEST_F(pool_conformance, rolls_back_what_a_released_lease_left_open) {
  make_table();
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  (void)client.ask(lease, statement("BEGIN")).as<sql_result>();
  (void)client.ask(lease, statement("INSERT INTO list VALUES (1)")).as<sql_result>();
  client.release(lease);
  EXPECT_EQ(client.ask(statement("SELECT count(*) FROM list")).as<sql_result>().cells.at(0),
            sql_value{int64_t{0}});
}

TEST_F(pool_conformance, ignores_a_release_of_an_earlier_lease) {
  pool_client client{with(1)};
  const auto first = client.ask(sql_acquire{}).as<sql_lease>();
  client.release(first);
  const auto second = client.ask(sql_acquire{}).as<sql_lease>();
  EXPECT_NE(first.lease, second.lease);
  client.release(first);
  (void)client.ask(second, echo(1)).as<sql_result>(); // after the stale release, in order
  client.release(second);
  EXPECT_EQ(client.ask(second, echo(1)).as<failure>().code, errc::internal);
}

TEST_F(pool_conformance, takes_the_lease_back_from_a_holder_that_has_ended) {
  pool_client client{with(1)};
  client.acquire_and_die();
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  (void)client.ask(lease, echo(1)).as<sql_result>();
  client.release(lease);
}

TEST_F(pool_conformance, refuses_to_begin_a_transaction_without_a_lease) {
  make_table();
  pool_client client{with(1)};
  EXPECT_EQ(client.ask(statement("BEGIN")).as<failure>().code, errc::internal);
  (void)client.ask(statement("INSERT INTO list VALUES (1)")).as<sql_result>();
  EXPECT_EQ(rows_in_list(), 1);
}

TEST_F(pool_conformance, answers_all_that_waits_when_it_stops) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  for (int64_t i = 0; i < 10; ++i)
    client.send(echo(i));
  client.begin_stop();
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(client.next().as<failure>().detail, "the node is shutting down");
  EXPECT_EQ(client.ask(lease, echo(1)).as<failure>().code, errc::unavailable);
  client.release(lease);
  client.stop();
}

TEST_F(pool_conformance, rolls_back_a_leased_transaction_when_it_stops) {
  make_table();
  {
    pool_client client{with(1)};
    const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
    (void)client.ask(lease, statement("BEGIN")).as<sql_result>();
    (void)client.ask(lease, statement("INSERT INTO list VALUES (1)")).as<sql_result>();
    client.begin_stop();
    client.release(lease);
  }
  EXPECT_EQ(rows_in_list(), 0);
}

TEST_F(pool_conformance, stops_although_a_statement_never_ends) {
  pool_client client{with(1)};
  client.send(statement(database_->endless()));
  const auto statistics = [&] {
    client.send(pool_statistics_request{});
    return client.next().as<pool_statistics>();
  };
  ASSERT_TRUE(troupe::test::eventually([&] { return statistics().in_use == 1; }));
  client.stop();
  EXPECT_EQ(client.next().as<failure>().code, database_->interrupted());
}

} // namespace
} // namespace troupe::storage::test
