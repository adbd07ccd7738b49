// Statements that nobody waits for any more, and those that take too long.
#include "tests/storage/pool_fixture.hpp"
#include "tests/support/eventually.hpp"

#include <chrono>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using namespace std::chrono_literals;

class abandonment : public on_a_pool {
protected:
  sql_statement endless() const { return statement(database_->endless()); }

  static bool waits_for(pool_client& client, std::size_t in_use, std::size_t waiting = 0) {
    return troupe::test::eventually([&] {
      const auto now = client.ask(pool_statistics_request{}).as<pool_statistics>();
      return now.in_use == in_use && now.waiting == waiting;
    });
  }
};

TEST_F(abandonment, of_a_statement_that_runs_cancels_it_and_keeps_the_connection) {
  pool_client client{with(1)};
  EXPECT_EQ(client.ask(echo(1)).as<sql_result>().cells.at(0), sql_value{int64_t{1}});
  const auto call = client.send(endless());
  EXPECT_TRUE(waits_for(client, 1));
  client.abandon(call);
  const auto answer = client.next();
  EXPECT_EQ(answer.call, call);
  EXPECT_EQ(answer.as<failure>().code, errc::deadline_exceeded);
  EXPECT_EQ(client.ask(echo(2)).as<sql_result>().cells.at(0), sql_value{int64_t{2}});
  const auto after = client.ask(pool_statistics_request{}).as<pool_statistics>();
  EXPECT_EQ(after.in_use + after.idle, 1u);
}

TEST_F(abandonment, of_one_that_waits_takes_it_out_of_the_queue) {
  connect(database_->settings())->execute({"CREATE TABLE list (v BIGINT)", {}});
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  const auto dropped = client.send(statement("INSERT INTO list (v) VALUES (1)"));
  const auto kept = client.send(statement("INSERT INTO list (v) VALUES (2)"));
  client.abandon(dropped);
  EXPECT_TRUE(waits_for(client, 1, 1));
  client.release(lease);
  EXPECT_EQ(client.next().call, kept);
  EXPECT_EQ(client.ask(statement("SELECT v FROM list")).as<sql_result>().cells,
            std::vector<sql_value>{int64_t{2}});
}

TEST_F(abandonment, of_a_wish_for_a_connection_leaves_none_lent) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  client.abandon(client.send(sql_acquire{}));
  EXPECT_TRUE(waits_for(client, 1, 0));
  client.release(lease);
  EXPECT_EQ(client.ask(echo(3)).as<sql_result>().cells.at(0), sql_value{int64_t{3}});
}

TEST_F(abandonment, of_a_statement_on_a_lease_cancels_it_and_leaves_the_lease) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  (void)client.ask(lease, statement("BEGIN")).as<sql_result>();
  const auto call = client.send_to(lease.connection, endless());
  client.abandon(call); // perhaps before it has begun
  EXPECT_EQ(client.next().as<failure>().code, errc::deadline_exceeded);
  (void)client.ask(lease, statement("ROLLBACK")).as<sql_result>();
  client.release(lease);
  EXPECT_EQ(client.ask(echo(4)).as<sql_result>().cells.at(0), sql_value{int64_t{4}});
}

TEST_F(abandonment, of_one_does_not_touch_what_comes_behind_it) {
  pool_client client{with(2)};
  for (int64_t i = 0; i < 300; ++i) {
    const auto call = client.send(echo(i)); // has ended, or is about to begin, when it is abandoned
    client.abandon(call);
    const auto next = client.send(echo(-i));
    auto answer = client.next();
    while (answer.call != next) // those of the others, where they were too quick
      answer = client.next();
    EXPECT_EQ(answer.as<sql_result>().cells.at(0), sql_value{-i});
  }
}

TEST_F(abandonment, of_what_is_not_there_is_ignored) {
  pool_client client{with(1)};
  client.abandon(4711);
  const auto done = client.send(echo(5));
  EXPECT_EQ(client.next().call, done);
  client.abandon(done);
  EXPECT_EQ(client.ask(echo(6)).as<sql_result>().cells.at(0), sql_value{int64_t{6}});
}

TEST_F(abandonment, does_not_hold_up_the_end) {
  pool_client client{with(2)};
  const auto call = client.send(endless());
  EXPECT_TRUE(waits_for(client, 1));
  client.abandon(call);
  client.stop(); // waits
}

TEST_F(abandonment, is_the_same_as_a_statement_that_takes_too_long) {
  auto settings = with(1);
  settings.query_timeout = 100ms;
  pool_client client{settings};
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.ask(endless()).as<failure>();
    EXPECT_EQ(answer.code, errc::deadline_exceeded);
    EXPECT_EQ(answer.detail, "the statement took too long");
    EXPECT_EQ(client.ask(echo(7)).as<sql_result>().cells.at(0), sql_value{int64_t{7}});
  }
}

class pool_upkeep : public abandonment {};

TEST_F(pool_upkeep, keeps_as_many_connections_open_as_are_wanted) {
  auto settings = with(4);
  settings.min_connections = 2;
  settings.idle_timeout = 50ms;
  pool_client client{settings};
  const auto idle = [&] { return client.ask(pool_statistics_request{}).as<pool_statistics>().idle; };
  EXPECT_TRUE(troupe::test::eventually([&] { return idle() == 2; }));
  std::vector<sql_lease> leases;
  for (int i = 0; i < 4; ++i)
    leases.push_back(client.ask(sql_acquire{}).as<sql_lease>());
  for (const auto& lease : leases)
    client.release(lease);
  EXPECT_TRUE(troupe::test::eventually([&] { return idle() == 2; })) << "the others are closed after a while";
  EXPECT_EQ(client.ask(echo(1)).as<sql_result>().cells.at(0), sql_value{int64_t{1}});
}

TEST_F(pool_upkeep, replaces_connections_that_are_old_whether_they_are_idle_or_not) {
  auto settings = with(1);
  settings.max_lifetime = 50ms;
  pool_client client{settings};
  (void)client.ask(echo(1)).as<sql_result>();
  EXPECT_TRUE(troupe::test::eventually([&] {
    const auto now = client.ask(pool_statistics_request{}).as<pool_statistics>();
    return now.in_use + now.idle == 0;
  })) << "an idle one is closed";
  const auto until = std::chrono::steady_clock::now() + 500ms; // several lives
  int64_t asked = 0;
  while (std::chrono::steady_clock::now() < until) {
    EXPECT_EQ(client.ask(echo(++asked)).as<sql_result>().cells.at(0), sql_value{asked});
  }
}

} // namespace
} // namespace troupe::storage::test
