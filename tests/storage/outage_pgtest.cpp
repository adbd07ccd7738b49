// The pool while its server goes away and comes back.
#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <chrono>
#include <csignal>
#include <map>
#include <set>
#include <vector>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using troupe::test::scaled;

class outage_pgtest : public ::testing::Test {
protected:
  config::storage_settings settings(std::chrono::milliseconds acquire_timeout = 10s) const {
    config::storage_settings out;
    out.url = cluster_.url();
    out.max_connections = 3;
    out.acquire_timeout = acquire_timeout;
    return out;
  }

  troupe::test::postgres_cluster cluster_;
};

TEST_F(outage_pgtest, replaces_idle_connections_that_broke_without_a_failure) {
  pool_client client{settings()};
  std::vector<sql_lease> leases;
  for (int i = 0; i < 3; ++i)
    leases.push_back(client.ask(sql_acquire{}).as<sql_lease>());
  for (const auto& lease : leases)
    client.release(lease);
  for (int i = 0; i < 3; ++i) {
    cluster_.stop();
    cluster_.start();
    (void)client.ask(statement("SELECT 1")).as<sql_result>();
    const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
    (void)client.ask(lease, statement("BEGIN")).as<sql_result>();
    client.release(lease);
  }
}

TEST_F(outage_pgtest, refuses_in_time_while_away_and_works_after_the_return) {
  pool_client client{settings(500ms)};
  const auto works = [&] {
    return std::holds_alternative<sql_result>(client.ask(statement("SELECT 1")).value);
  };
  EXPECT_TRUE(troupe::test::eventually(works));
  cluster_.stop();
  for (int i = 0; i < 5; ++i) {
    const auto begin = clock::now();
    const auto refusal = client.ask(statement("SELECT 1")).as<failure>();
    EXPECT_EQ(refusal.code, errc::unavailable);
    EXPECT_EQ(refusal.detail,
              "no database connection within 500 ms: the database cannot be reached, 1 waiting");
    EXPECT_LE(clock::now() - begin, scaled(2s));
  }
  cluster_.start();
  const auto back = clock::now();
  EXPECT_TRUE(troupe::test::eventually(works, scaled(60s)));
  troupe::test::figure("works again after ms", (clock::now() - back) / 1ms);
}

/// With the number of its one session, which it keeps open.
class health_check_pgtest : public outage_pgtest {
protected:
  config::storage_settings asked_often(std::chrono::milliseconds connect_timeout) const {
    auto out = settings();
    out.max_connections = out.min_connections = 1;
    out.health_check = 50ms;
    out.connect_timeout = connect_timeout;
    out.acquire_timeout = 60s;
    return out;
  }
  static int64_t session_of(pool_client& client) {
    return std::get<int64_t>(client.ask(statement("SELECT pg_backend_pid()")).as<sql_result>().cells.at(0));
  }
  bool eventually(bool one, const std::string& which) {
    return troupe::test::eventually(
      [&] {
        const auto found = watcher_->execute({"SELECT 1 FROM pg_stat_activity WHERE application_name = 'troupe' "
                                              "AND pid <> pg_backend_pid() AND " + which,
                                              {}});
        return one != found.cells.empty();
      },
      scaled(60s));
  }

private:
  std::unique_ptr<connection> watcher_ = connect(settings());
};

TEST_F(health_check_pgtest, leaves_a_session_that_answers) {
  pool_client client{asked_often(60s)};
  const auto first = session_of(client);
  EXPECT_TRUE(eventually(true, "query = 'SELECT 1'"));
  EXPECT_EQ(session_of(client), first);
}

TEST_F(health_check_pgtest, replaces_a_session_that_does_not_answer_though_nobody_needs_it) {
  pool_client client{asked_often(scaled(500ms))};
  const auto first = session_of(client);
  kill(static_cast<pid_t>(first), SIGSTOP);
  EXPECT_TRUE(eventually(true, "pid <> " + std::to_string(first)));
  EXPECT_NE(session_of(client), first);
  kill(static_cast<pid_t>(first), SIGCONT); // it finds its client gone
}

TEST_F(health_check_pgtest, leaves_a_session_that_nobody_needs_to_be_closed) {
  auto with = settings();
  with.max_connections = 1;
  with.health_check = 20ms;
  with.idle_timeout = 300ms;
  pool_client client{with};
  (void)client.ask(statement("SELECT 7")).as<sql_result>();
  EXPECT_TRUE(eventually(false, "true"));
}

TEST_F(outage_pgtest, tells_the_holder_of_a_lease_and_recovers_after_its_release) {
  pool_client client{settings()};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  (void)client.ask(lease, statement("BEGIN")).as<sql_result>();
  cluster_.stop();
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(client.ask(lease, statement("SELECT 1")).as<failure>().code, errc::unavailable);
  cluster_.start();
  EXPECT_EQ(client.ask(lease, statement("SELECT 1")).as<failure>().code, errc::unavailable)
    << "what follows in a lost transaction must not run outside of it";
  client.release(lease);
  (void)client.ask(statement("SELECT 1")).as<sql_result>();
}

/// Keeps a number of inserts under way, each with the number of its call as its row.
class writer {
public:
  explicit writer(pool_client& client) : client_(client) {
    for (int i = 0; i < 16; ++i)
      send();
  }

  /// Takes one answer and sends the next insert; true: the answer was good.
  bool step() {
    const bool good = take();
    send();
    return good;
  }

  void drain() {
    while (under_way_ > 0)
      take();
  }

  [[nodiscard]] const std::set<std::int64_t>& acknowledged() const { return acknowledged_; }
  [[nodiscard]] const std::set<std::int64_t>& refused() const { return refused_; }

private:
  void send() {
    ++under_way_;
    const auto row = ++rows_;
    row_of_[client_.send(statement("INSERT INTO ledger (id) VALUES ($1)", row))] = row;
  }

  bool take() {
    --under_way_;
    const auto answer = client_.next();
    if (std::holds_alternative<sql_result>(answer.value)) {
      acknowledged_.insert(row_of_.at(answer.call));
      return true;
    }
    const auto code = answer.as<failure>().code;
    EXPECT_TRUE(code == errc::unavailable || code == errc::outcome_unknown) << to_string(code);
    if (code == errc::unavailable)
      refused_.insert(row_of_.at(answer.call));
    return false;
  }

  pool_client& client_;
  std::map<std::uint64_t, int64_t> row_of_;
  std::set<std::int64_t> acknowledged_;
  std::set<std::int64_t> refused_; // for certain
  int64_t rows_ = 0;
  int under_way_ = 0;
};

TEST_F(outage_pgtest, runs_nothing_twice_and_loses_nothing_acknowledged_under_load) {
  connect(settings())->execute({"CREATE TABLE ledger (id BIGINT)", {}});
  pool_client client{settings()};
  writer load{client};
  for (int outage = 0; outage < 3; ++outage) {
    for (int i = 0; i < 200; ++i)
      load.step();
    cluster_.stop();
    while (load.step()) {
    }
    cluster_.start();
    while (!load.step()) {
    }
  }
  load.drain();
  const auto rows = connect(settings())->execute({"SELECT id, count(*) FROM ledger GROUP BY id", {}});
  std::set<int64_t> stored;
  for (std::size_t i = 0; i < rows.cells.size(); i += 2) {
    stored.insert(std::get<int64_t>(rows.cells[i]));
    EXPECT_EQ(rows.cells[i + 1], sql_value{int64_t{1}}) << "twice";
  }
  for (auto id : load.acknowledged())
    EXPECT_TRUE(stored.contains(id)) << id << " was acknowledged and is lost";
  for (auto id : load.refused())
    EXPECT_FALSE(stored.contains(id)) << id << " was refused and is there";
}

} // namespace
} // namespace troupe::storage::test
