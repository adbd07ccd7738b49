// Faults of the database under load: what clients were told of each entry, and what is in the
// tables afterwards. Nothing that was acknowledged may be missing, nothing that was refused be
// there, nothing be there twice.
#include "tests/e2e/entries.hpp"
#include "tests/support/cutting_proxy.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/node.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/postgres_programs.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace troupe::test {
namespace {

// -- the suite ------------------------------------------------------------------------------------

/// A server and tables; the server is shared by all cases.
class StorageLedger : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (postgres_programs())
      database_ = std::make_unique<postgres_cluster>();
  }
  static void TearDownTestSuite() { database_.reset(); }

  void SetUp() override {
    if (!database_)
      GTEST_SKIP() << "PostgreSQL is not installed";
    sql("ALTER DATABASE postgres SET deadlock_timeout = '5ms';"
        "DROP TABLE IF EXISTS entry, account, copy CASCADE;"
        "CREATE TABLE entry (n BIGINT, payer INT, payee INT);"
        "CREATE TABLE account (id INT PRIMARY KEY, sum BIGINT);"
        "INSERT INTO account SELECT i, 1000 FROM generate_series(1, "
        + std::to_string(ledger_accounts) + ") i");
    sql("SELECT pg_stat_reset()");
  }

  static postgres_cluster& database() { return *database_; }
  static std::string sql(const std::string& text) { return run_sql(database_->url(), text); }

  static node_options options(const std::vector<std::string>& flags = {},
                              const std::string& url = database_->url()) {
    return entries_node(url, flags);
  }
  static std::vector<std::string> connections(int count) {
    return {"--storage-max-connections", std::to_string(count)};
  }

  /// How often each entry is there.
  static std::map<entry_number, int> stored() {
    std::istringstream lines{sql(entries_there)};
    std::map<entry_number, int> out;
    entry_number n = 0;
    char bar = 0;
    for (int count = 0; lines >> n >> bar >> count;)
      out[n] = count;
    return out;
  }

  /// What the server has counted since this test began. Sessions report it a second late.
  static long long statistic(const std::string& name) {
    return std::stoll(sql("SELECT " + name
                          + " FROM pg_stat_database WHERE datname = current_database()"));
  }

  /// False while the server recovers.
  static bool takes_connections() {
    try {
      return sql("SELECT 1") == "1\n";
    } catch (const std::runtime_error&) {
      return false;
    }
  }

  /// Compares; gives what clients were told.
  static entry_ledger expect_truth(const std::string& fault, const std::vector<outcome>& outcomes) {
    EXPECT_EQ(sql(wrong_accounts), "") << "half of a transfer";
    return expect_ledger(fault, outcomes, stored());
  }

private:
  static inline std::unique_ptr<postgres_cluster> database_;
};

// -- the server is lost ---------------------------------------------------------------------------

TEST_F(StorageLedger, HoldsWhenTheServerIsRestarted) {
  gateway node{options(connections(3))};
  entry_load entries{node.http_port()};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(1000));
    database().stop();
    ASSERT_TRUE(entries.entry_is_refused());
    database().start();
    ASSERT_TRUE(entries.entry_is_stored());
  }
  const auto told = expect_truth("restart", entries.stop());
  EXPECT_FALSE(told.stored.empty() || told.not_stored.empty());
}

/// The server ends all other sessions, too, and recovers.
TEST_F(StorageLedger, HoldsWhenABackendIsKilled) {
  gateway node{options(connections(3))};
  entry_load entries{node.http_port()};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(1000));
    const auto pid = sql("SELECT max(pid) FROM pg_stat_activity WHERE application_name = 'troupe'");
    ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0);
    ASSERT_TRUE(eventually([&] { return ::kill(std::stoi(pid), 0) != 0; }));
    ASSERT_TRUE(entries.entry_is_stored());
    ASSERT_TRUE(eventually(takes_connections, ledger_patience));
  }
  EXPECT_FALSE(expect_truth("backend_killed", entries.stop()).stored.empty());
}

TEST_F(StorageLedger, HoldsWhenSessionsAreTerminatedAllTheTime) {
  gateway node{options(connections(3))};
  entry_load entries{node.http_port()};
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(entries.answers(50));
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'troupe'");
  }
  ASSERT_TRUE(entries.entry_is_stored());
  const auto told = expect_truth("terminated", entries.stop());
  EXPECT_FALSE(told.stored.empty());
}

// -- the connection is cut ------------------------------------------------------------------------

/// With one connection, what several clients want waits for it and is sent as one batch.
class StorageLedgerCut : public StorageLedger {
protected:
  /// Cuts what `from` sends at 60 places, `step` bytes apart.
  void cut(const std::string& fault, cutting_proxy::side from, std::size_t step,
           const std::vector<std::string>& flags = {}) {
    cutting_proxy proxy{database().port()};
    const auto url = "postgres://troupe@127.0.0.1:" + std::to_string(proxy.port()) + "/postgres";
    auto all = connections(1);
    all.insert(all.end(), flags.begin(), flags.end());
    gateway node{options(all, url)};
    entry_load entries{node.http_port()};
    ASSERT_TRUE(entries.entry_is_stored());
    for (std::size_t i = 0; i < 60; ++i) {
      proxy.cut_after(from, i * step);
      ASSERT_TRUE(proxy.wait_for_cut(ledger_patience)) << "at " << i * step;
      ASSERT_TRUE(entries.entry_is_stored()); // on another connection
    }
    const auto told = expect_truth(fault, entries.stop());
    EXPECT_FALSE(told.stored.empty() || told.unknown.empty());
  }
};

TEST_F(StorageLedgerCut, HoldsWhateverTheServerGetsOfABatch) {
  cut("batch_cut", cutting_proxy::side::client, 5);
}

TEST_F(StorageLedgerCut, HoldsWhateverTheNodeGetsOfTheAnswers) {
  cut("answers_cut", cutting_proxy::side::server, 3);
}

TEST_F(StorageLedgerCut, HoldsWhateverTheServerGetsOfAGroupCommit) {
  cut("group_cut", cutting_proxy::side::client, 5, {"--storage-group-commit"});
}

TEST_F(StorageLedgerCut, HoldsWhateverTheNodeGetsOfTheAnswersToAGroupCommit) {
  cut("group_answers_cut", cutting_proxy::side::server, 3, {"--storage-group-commit"});
}

// -- the server refuses ---------------------------------------------------------------------------

/// Gives `copy` a new file, and then a device in the file's place that is always full. The server's
/// folder is where its programs run. Nobody else can have opened the file by then.
constexpr const char* fill_the_disk = R"(
  DO $$ BEGIN
    TRUNCATE copy;
    EXECUTE format('COPY (SELECT) TO PROGRAM %L',
                   'cat > /dev/null; ln -sf /dev/full ' || pg_relation_filepath('copy'));
  END $$)";

TEST_F(StorageLedger, HoldsWhenTheDiskIsFull) {
  sql("CREATE TABLE copy (n BIGINT);"
      "CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS"
      "  $$ BEGIN INSERT INTO copy VALUES (NEW.n); RETURN NULL; END $$;"
      "CREATE TRIGGER keep AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION keep()");
  gateway node{options(connections(3))};
  entry_load entries{node.http_port()};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(300));
    sql(fill_the_disk);
    ASSERT_TRUE(entries.entry_is_refused());
    ASSERT_TRUE(entries.answers(300));
    sql("TRUNCATE copy");
    ASSERT_TRUE(entries.entry_is_stored());
  }
  const auto outcomes = entries.stop();
  const auto told = expect_truth("disk_full", outcomes);
  EXPECT_EQ(told.unknown, entry_numbers{});
  EXPECT_TRUE(some_were_told("the database is short of resources", outcomes));
}

TEST_F(StorageLedger, HoldsWhenStatementsTakeTooLong) {
  auto flags = connections(8);
  flags.insert(flags.end(), {"--storage-query-timeout", "100ms"});
  gateway node{options(flags)};
  entry_load entries{node.http_port(), [](unsigned client, entry_number n) {
                 switch (client % 4) {
                   case 0: return post_entry("/slow-entries/", n);
                   case 1: return post_transfer(n, "/slow-transfers/");
                   default: return post_mixed(client, n);
                 }
               }};
  ASSERT_TRUE(entries.answers(300));
  ASSERT_TRUE(entries.entry_is_stored());
  const auto outcomes = entries.stop();
  const auto told = expect_truth("too_slow", outcomes);
  EXPECT_EQ(told.unknown, entry_numbers{});
  EXPECT_TRUE(some_were_told("the statement took too long", outcomes));
}

// -- transactions get in each other's way ---------------------------------------------------------

TEST_F(StorageLedger, HoldsWhenTransactionsDeadlock) {
  gateway node{options(connections(8))};
  entry_load entries{node.http_port(), [](unsigned client, entry_number n) {
                 return post_entry("/transfers/", n, client % 2 == 0 ? between_accounts(1, 2) : between_accounts(2, 1));
               }};
  ASSERT_TRUE(eventually([] { return statistic("deadlocks") > 0; }, ledger_patience));
  ASSERT_TRUE(entries.answers(300));
  const auto told = expect_truth("deadlocks", entries.stop());
  EXPECT_FALSE(told.stored.empty());
  EXPECT_EQ(told.unknown, entry_numbers{});
  figure("deadlocks", statistic("deadlocks"));
}

TEST_F(StorageLedger, HoldsWhenTransactionsCannotBeSerialized) {
  gateway node{options(connections(8))};
  entry_load entries{node.http_port(), [](unsigned, entry_number n) {
                 return post_entry("/calculated-transfers/", n, between_accounts(1, 2));
               }};
  ASSERT_TRUE(eventually([] { return statistic("xact_rollback") > 0; }, ledger_patience));
  ASSERT_TRUE(entries.answers(300));
  const auto told = expect_truth("serialization", entries.stop());
  EXPECT_FALSE(told.stored.empty());
  EXPECT_EQ(told.unknown, entry_numbers{});
  // Nobody has written over what another one has calculated.
  EXPECT_EQ(sql("SELECT sum - 1000 FROM account WHERE id = 2"),
            std::to_string(told.stored.size()) + "\n");
  figure("serialization_rolled_back", statistic("xact_rollback"));
}

// -- the node is lost -----------------------------------------------------------------------------

TEST_F(StorageLedger, HoldsWhenTheNodeIsKilled) {
  std::vector<outcome> outcomes;
  const auto start = [](const gateway_ports& ports) {
    return std::make_unique<gateway>(options(connections(3)), ports);
  };
  ASSERT_NO_FATAL_FAILURE(kill_under_load(start, outcomes));
  EXPECT_FALSE(expect_truth("node_killed", outcomes).stored.empty());
}

} // namespace
} // namespace troupe::test
