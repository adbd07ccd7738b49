// Faults of the database under load: what clients were told of each entry, and what is in the
// tables afterwards. Nothing that was acknowledged may be missing, nothing that was refused be
// there, nothing be there twice.
#include "tests/support/cutting_proxy.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/postgres_programs.hpp"
#include "tests/support/problem.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace troupe::test {
namespace {

using number = std::int64_t;
using numbers = std::set<number>;

constexpr unsigned clients = 12;
constexpr int accounts = 8;

/// For what takes a while on a busy machine, as a server's recovery does.
constexpr milliseconds patience = 60s;

// -- what clients were told -----------------------------------------------------------------------

enum class verdict : std::uint8_t { stored, not_stored, unknown };

/// As a client may read an answer that docs/sql.md describes.
verdict verdict_of(const outcome& each) {
  const auto& answer = each.response;
  switch (answer.status) {
    case 0:
      return each.failure.starts_with("connect") ? verdict::not_stored : verdict::unknown;
    case 201: return verdict::stored;
    case 409: return verdict::not_stored;
    case 503: {
      EXPECT_TRUE(is_problem(answer, 503)) << each;
      const bool known = answer.header("Retry-After").has_value();
      EXPECT_EQ(known, answer.body.find("not known") == std::string::npos) << each;
      return known ? verdict::not_stored : verdict::unknown;
    }
    case 504: {
      const bool ended = answer.body.find("the statement took too long") != std::string::npos;
      return ended ? verdict::not_stored : verdict::unknown;
    }
    default: ADD_FAILURE() << each; return verdict::unknown;
  }
}

number number_of(const outcome& each) {
  const auto& target = each.request.target;
  return std::stoll(target.substr(target.find('/', 1) + 1));
}

struct ledger {
  numbers stored;
  numbers not_stored;
  numbers unknown;
};

ledger ledger_of(const std::vector<outcome>& outcomes) {
  ledger out;
  for (const auto& each : outcomes)
    switch (verdict_of(each)) {
      case verdict::stored: out.stored.insert(number_of(each)); break;
      case verdict::not_stored: out.not_stored.insert(number_of(each)); break;
      case verdict::unknown: out.unknown.insert(number_of(each)); break;
    }
  return out;
}

bool some_were_told(std::string_view what, const std::vector<outcome>& outcomes) {
  return std::ranges::any_of(outcomes, [what](const outcome& each) {
    return each.response.body.find(what) != std::string::npos;
  });
}

numbers both(const numbers& a, const numbers& b) {
  numbers out;
  std::ranges::set_intersection(a, b, std::inserter(out, out.end()));
  return out;
}

numbers without(const numbers& a, const numbers& b) {
  numbers out;
  std::ranges::set_difference(a, b, std::inserter(out, out.end()));
  return out;
}

// -- load -----------------------------------------------------------------------------------------

/// The request of a client for an entry that no other request has.
using source = std::function<http_request(unsigned client, number n)>;

http_request post(const std::string& path, number n, const std::string& query = {}) {
  return {"POST", path + std::to_string(n) + query, std::string{}, {}};
}

std::string between(number payer, number payee) {
  return "?payer=" + std::to_string(payer) + "&payee=" + std::to_string(payee);
}

/// Between two of all accounts.
http_request transfer(number n, const std::string& path = "/transfers/") {
  const auto further = 1 + n / accounts % (accounts - 1);
  return post(path, n, between(1 + n % accounts, 1 + (n + further) % accounts));
}

/// Two of three add single entries, the third makes transfers.
http_request mixed(unsigned client, number n) {
  return client % 3 == 2 ? transfer(n) : post("/entries/", n);
}

/// Clients that keep adding entries, and one more that looks whether that works.
class load {
public:
  load(std::uint16_t port, const source& next = mixed)
      : port_(port),
        clients_(
            port, clients,
            [next](unsigned client, std::uint64_t i) {
              return next(client, number{client} * per_client + static_cast<number>(i));
            },
            patience) {}

  /// Waits for so many more answers, whatever they are.
  [[nodiscard]] bool answers(std::size_t count) const {
    return clients_.wait_for_answers(count, patience);
  }

  /// Waits until an entry is acknowledged.
  [[nodiscard]] bool entry_is_stored() {
    return eventually([this] { return probe().response.status == 201; }, patience);
  }

  /// Waits until an entry is refused.
  [[nodiscard]] bool entry_is_refused() {
    return eventually([this] { return probe().response.status == 503; }, patience);
  }

  std::vector<outcome> stop() {
    auto out = clients_.stop();
    out.insert(out.end(), probes_.begin(), probes_.end());
    return out;
  }

private:
  static constexpr number per_client = 1'000'000'000;

  const outcome& probe() {
    outcome made;
    made.request = post("/entries/", clients * per_client + static_cast<number>(probes_.size()));
    try {
      made.response = http_client{port_, patience}.send(made.request);
    } catch (const connection_error& problem) {
      made.failure = problem.what();
    }
    return probes_.emplace_back(std::move(made));
  }

  std::uint16_t port_;
  load_generator clients_;
  std::vector<outcome> probes_;
};

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
        + std::to_string(accounts) + ") i");
    sql("SELECT pg_stat_reset()");
  }

  static postgres_cluster& database() { return *database_; }
  static std::string sql(const std::string& text) { return run_sql(database_->url(), text); }

  /// The options of a node; the later of two equal flags wins.
  static node_options options(std::vector<std::string> flags = {},
                              const std::string& url = database_->url()) {
    std::vector<std::string> all{"--storage", url, "--storage-acquire-timeout",
                                 std::to_string(scaled(300ms).count()) + "ms",
                                 "--http-handler-timeout", "10m"};
    all.insert(all.end(), flags.begin(), flags.end());
    return {"entries-node", all, {}};
  }
  static std::vector<std::string> connections(int count) {
    return {"--storage-max-connections", std::to_string(count)};
  }

  /// How often each entry is there.
  static std::map<number, int> stored() {
    std::istringstream lines{sql("SELECT n, count(*) FROM entry GROUP BY n")};
    std::map<number, int> out;
    number n = 0;
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

  /// Accounts whose sum is not what the transfers that are there have made of it.
  static std::string wrong_accounts() {
    return sql("SELECT id, sum FROM account WHERE sum <> 1000"
               " + (SELECT count(*) FROM entry WHERE payee = id)"
               " - (SELECT count(*) FROM entry WHERE payer = id)");
  }

  /// Compares; gives what clients were told.
  static ledger expect_truth(const std::string& fault, const std::vector<outcome>& outcomes) {
    const auto told = ledger_of(outcomes);
    numbers there;
    for (const auto& [n, count] : stored()) {
      EXPECT_EQ(count, 1) << n << " is there more than once";
      there.insert(n);
    }
    EXPECT_EQ(without(told.stored, there), numbers{}) << "acknowledged, and missing";
    EXPECT_EQ(both(told.not_stored, there), numbers{}) << "refused, and there";
    EXPECT_EQ(wrong_accounts(), "") << "half of a transfer";
    const auto count = [&](const char* what, const numbers& of) {
      figure(fault + "_" + what, static_cast<long long>(of.size()));
    };
    count("acknowledged", told.stored);
    count("refused", told.not_stored);
    count("unknown", told.unknown);
    count("unknown_and_there", both(told.unknown, there));
    return told;
  }

private:
  static inline std::unique_ptr<postgres_cluster> database_;
};

// -- the server is lost ---------------------------------------------------------------------------

TEST_F(StorageLedger, HoldsWhenTheServerIsRestarted) {
  gateway node{options(connections(3))};
  load entries{node.http_port()};
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
  load entries{node.http_port()};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(1000));
    const auto pid = sql("SELECT max(pid) FROM pg_stat_activity WHERE application_name = 'troupe'");
    ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0);
    ASSERT_TRUE(eventually([&] { return ::kill(std::stoi(pid), 0) != 0; }));
    ASSERT_TRUE(entries.entry_is_stored());
    ASSERT_TRUE(eventually(takes_connections, patience));
  }
  EXPECT_FALSE(expect_truth("backend_killed", entries.stop()).stored.empty());
}

TEST_F(StorageLedger, HoldsWhenSessionsAreTerminatedAllTheTime) {
  gateway node{options(connections(3))};
  load entries{node.http_port()};
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
    load entries{node.http_port()};
    ASSERT_TRUE(entries.entry_is_stored());
    for (std::size_t i = 0; i < 60; ++i) {
      proxy.cut_after(from, i * step);
      ASSERT_TRUE(proxy.wait_for_cut(patience)) << "at " << i * step;
      ASSERT_TRUE(entries.entry_is_stored()); // on another connection
    }
    const auto told = expect_truth(fault, entries.stop());
    EXPECT_FALSE(told.stored.empty() || told.unknown.empty());
  }
};

TEST_F(StorageLedgerCut, HoldsWhateverTheServerGetsOfABatch) {
  cut("batch_cut", cutting_proxy::side::client, 3);
}

TEST_F(StorageLedgerCut, HoldsWhateverTheNodeGetsOfTheAnswers) {
  cut("answers_cut", cutting_proxy::side::server, 3);
}

TEST_F(StorageLedgerCut, HoldsWhateverTheServerGetsOfAGroupCommit) {
  cut("group_cut", cutting_proxy::side::client, 3, {"--storage-group-commit"});
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
  load entries{node.http_port()};
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
  EXPECT_EQ(told.unknown, numbers{});
  EXPECT_TRUE(some_were_told("the database is short of resources", outcomes));
}

TEST_F(StorageLedger, HoldsWhenStatementsTakeTooLong) {
  auto flags = connections(8);
  flags.insert(flags.end(), {"--storage-query-timeout", "100ms"});
  gateway node{options(flags)};
  load entries{node.http_port(), [](unsigned client, number n) {
                 switch (client % 4) {
                   case 0: return post("/slow-entries/", n);
                   case 1: return transfer(n, "/slow-transfers/");
                   default: return mixed(client, n);
                 }
               }};
  ASSERT_TRUE(entries.answers(300));
  ASSERT_TRUE(entries.entry_is_stored());
  const auto outcomes = entries.stop();
  const auto told = expect_truth("too_slow", outcomes);
  EXPECT_EQ(told.unknown, numbers{});
  EXPECT_TRUE(some_were_told("the statement took too long", outcomes));
}

// -- transactions get in each other's way ---------------------------------------------------------

TEST_F(StorageLedger, HoldsWhenTransactionsDeadlock) {
  gateway node{options(connections(8))};
  load entries{node.http_port(), [](unsigned client, number n) {
                 return post("/transfers/", n, client % 2 == 0 ? between(1, 2) : between(2, 1));
               }};
  ASSERT_TRUE(eventually([] { return statistic("deadlocks") > 0; }, patience));
  ASSERT_TRUE(entries.answers(300));
  const auto told = expect_truth("deadlocks", entries.stop());
  EXPECT_FALSE(told.stored.empty());
  EXPECT_EQ(told.unknown, numbers{});
  figure("deadlocks", statistic("deadlocks"));
}

TEST_F(StorageLedger, HoldsWhenTransactionsCannotBeSerialized) {
  gateway node{options(connections(8))};
  load entries{node.http_port(), [](unsigned, number n) {
                 return post("/calculated-transfers/", n, between(1, 2));
               }};
  ASSERT_TRUE(eventually([] { return statistic("xact_rollback") > 0; }, patience));
  ASSERT_TRUE(entries.answers(300));
  const auto told = expect_truth("serialization", entries.stop());
  EXPECT_FALSE(told.stored.empty());
  EXPECT_EQ(told.unknown, numbers{});
  // Nobody has written over what another one has calculated.
  EXPECT_EQ(sql("SELECT sum - 1000 FROM account WHERE id = 2"),
            std::to_string(told.stored.size()) + "\n");
  figure("serialization_rolled_back", statistic("xact_rollback"));
}

// -- the node is lost -----------------------------------------------------------------------------

TEST_F(StorageLedger, HoldsWhenTheNodeIsKilled) {
  auto node = std::make_unique<gateway>(options(connections(3)));
  const auto ports = node->ports();
  load entries{ports.http};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(1000));
    node->kill();
    ASSERT_TRUE(node->wait());
    node = std::make_unique<gateway>(options(connections(3)), ports);
    ASSERT_TRUE(entries.entry_is_stored());
  }
  const auto told = expect_truth("node_killed", entries.stop());
  EXPECT_FALSE(told.stored.empty());
}

} // namespace
} // namespace troupe::test
