// Nodes with several databases: each its own, some only to be read, and what operators see of them.
#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/postgres_database.hpp"
#include "tests/support/postgres_programs.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using flag_list = std::vector<std::string>;

/// SQLite's way to write tables that PostgreSQL has, too: with a folder for both.
constexpr const char* sqlite_table = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)";
constexpr const char* postgres_table =
    "CREATE TABLE note (id SERIAL PRIMARY KEY, text TEXT NOT NULL)";

/// Two files, "storage" and "reports", each with a folder of migrations; further flags are the test's.
class Databases : public testing::Test {
protected:
  void SetUp() override {
    for (const std::string name : {"main", "reports"}) {
      std::filesystem::create_directory(home_.path() / name);
      home_.write(name + "/001_note.sqlite.sql", sqlite_table);
      home_.write(name + "/001_note.postgres.sql", postgres_table);
    }
  }

  [[nodiscard]] std::string in_home(const std::string& name) const { return (home_.path() / name).string(); }

  [[nodiscard]] flag_list two_files() const {
    return {"--storage", "sqlite:" + in_home("main.db"), "--storage-migrations", in_home("main"),
            "--databases-reports-url", "sqlite:" + in_home("reports.db"), "--databases-reports-migrations",
            in_home("reports")};
  }

  gateway& start(flag_list flags) {
    node_ = std::make_unique<gateway>(node_options{"databases-node", std::move(flags), {}});
    return *node_;
  }

  [[nodiscard]] http_response ask_for(const std::string& path) const { return get(node_->http_port(), path); }
  http_response put_into(const std::string& path, const std::string& text) const {
    return http_client{node_->http_port()}.post_text(path, text, "text/plain");
  }
  [[nodiscard]] std::string notes_in(const std::string& name) const { return ask_for('/' + name + "/notes").body; }

  temp_directory home_;
  std::unique_ptr<gateway> node_;
};

TEST_F(Databases, AreEachTheirOwn) {
  start(two_files());
  EXPECT_EQ(put_into("/storage/notes", "main").json()["rows"], 1);
  EXPECT_EQ(put_into("/reports/notes", "report").json()["rows"], 1);
  EXPECT_EQ(notes_in("storage"), R"([{"text":"main"}])");
  EXPECT_EQ(ask_for("/notes").body, R"([{"text":"main"}])") << "db() is db(\"storage\")";
  EXPECT_EQ(notes_in("reports"), R"([{"text":"report"}])");
  EXPECT_EQ(put_into("/reports/later", "second").status, 200);
  EXPECT_EQ(put_into("/reports/copies", "copy").json()["rows"], 2);
  EXPECT_EQ(ask_for("/reports/read").json(),
            nlohmann::json::parse(R"({"first":"report","all":"report second copy copy "})"));
  EXPECT_EQ(ask_for("/storage/read").json(), nlohmann::json::parse(R"({"first":"main","all":"main "})"));
}

TEST_F(Databases, AskedForTheSameAtOnceGiveEachItsOwn) {
  start(two_files());
  put_into("/storage/notes", "main");
  put_into("/reports/notes", "report");
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(ask_for("/both/storage/reports").json(),
              nlohmann::json::parse(R"({"coalesced":["main","report"],"shared":["main","report"]})"));
}

TEST_F(Databases, ThatAreNotThereFailTheRequestAndTheLogSaysWhichThereAre) {
  auto& node = start(two_files());
  const auto answer = ask_for("/reprots/notes");
  EXPECT_TRUE(is_problem(answer, 500)) << answer;
  EXPECT_EQ(answer.body.find("reports"), std::string::npos) << "clients are told no names: " << answer;
  EXPECT_TRUE(node.wait_for_message(
      R"(.*GET /\{db\}/notes failed: the node has no database "reprots", it has: storage, reports)"))
      << node.log_text();
  EXPECT_EQ(notes_in("reports"), "[]") << "others are not concerned";
  const auto log = node.log();
  EXPECT_EQ(std::count_if(log.begin(), log.end(), [](const auto& line) {
              return line.dump().find("reprots\\\"") != std::string::npos;
            }), 1) << node.log_text();
}

TEST_F(Databases, AreShownToOperatorsByTheirNames) {
  auto flags = two_files();
  flags.insert(flags.end(), {"--storage-max-connections", "2", "--databases-reports-max-connections", "3"});
  auto& node = start(flags);
  put_into("/reports/notes", "report");
  const auto found = get(node.admin_port(), "/_troupe/database").json();
  EXPECT_EQ(found["max_connections"], 2);
  EXPECT_TRUE(found["statements"].empty()) << found;
  ASSERT_EQ(found["databases"].size(), 1u) << found;
  const auto& reports = found["databases"]["reports"];
  EXPECT_EQ(reports["max_connections"], 3);
  ASSERT_EQ(reports["statements"].size(), 1u) << found;
  EXPECT_EQ(reports["statements"][0]["sql"], "INSERT INTO note (text) VALUES ($1)");
  EXPECT_EQ(reports["statements"][0]["count"], 1);
}

TEST_F(Databases, AreNamedInTheLogWhereThereAreSeveral) {
  auto flags = two_files();
  flags.insert(flags.end(), {"--databases-away-url", "sqlite:" + in_home("nowhere/away.db"),
                             "--databases-away-acquire-timeout", "50ms"});
  auto& node = start(flags);
  EXPECT_TRUE(node.wait_for_message("database reports: migration 001_note.sqlite.sql applied")) << node.log_text();
  EXPECT_TRUE(node.wait_for_message("database storage: migration 001_note.sqlite.sql applied")) << node.log_text();
  EXPECT_TRUE(is_problem(ask_for("/away/notes"), 503));
  EXPECT_TRUE(node.wait_for_message("database away: cannot connect to the database: .*")) << node.log_text();
  EXPECT_EQ(notes_in("reports"), "[]") << "one that is away does not hold up others";
}

TEST_F(Databases, ThatAreTheOnlyOneAreNotNamedInTheLog) {
  auto& node = start({"--storage", "sqlite:" + in_home("main.db"), "--storage-migrations", in_home("main")});
  EXPECT_TRUE(node.wait_for_message("migration 001_note.sqlite.sql applied")) << node.log_text();
  EXPECT_EQ(node.log_text().find("database storage"), std::string::npos) << node.log_text();
  EXPECT_EQ(get(node.admin_port(), "/_troupe/database").json()["databases"], nlohmann::json::object());
}

TEST_F(Databases, WhoseMigrationsFailStopTheNodeWithTheirName) {
  home_.write("reports/002_wrong.sql", "CREATE TABEL x (id INT)");
  auto flags = two_files();
  flags.insert(flags.begin(), "gateway");
  const auto ended = run_to_end({program_path("databases-node").string(), flags, {}, home_.path()});
  EXPECT_EQ(ended.status, (exit_status{2, 0}));
  EXPECT_NE(ended.err.find("database reports: migration \"002_wrong.sql\", line 1: "), std::string::npos) << ended.err;
}

TEST_F(Databases, OfAWorkerNodeAreItsOwn) {
  start({"--no-local-workers", "--storage", "sqlite:" + in_home("other.db")});
  worker joined_later{*node_, "w", {"databases-node", two_files(), {}}};
  ASSERT_TRUE(joined_later.joined());
  EXPECT_EQ(put_into("/reports/notes", "report").json()["rows"], 1);
  EXPECT_EQ(notes_in("reports"), R"([{"text":"report"}])");
}

// -- databases that are only read ---------------------------------------------------------------------

/// The same database twice, as "main" and, for reads alone, as "replica"; beside a default one that is a file.
class ReadOnlyDatabases : public Databases, public testing::WithParamInterface<const char*> {
protected:
  void SetUp() override {
    Databases::SetUp();
    auto url = "sqlite:" + in_home("shared.db");
    if (std::string{GetParam()} == "Postgres") {
      if (!postgres_server())
        GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
      postgres_.emplace();
      url = postgres_->url();
    }
    start({"--storage", "sqlite:" + in_home("main.db"), "--databases-main-url", url, "--databases-main-migrations",
           in_home("main"), "--databases-replica-url", url, "--databases-replica-read-only"});
    ASSERT_EQ(put_into("/main/notes", "first").status, 200);
  }

  std::optional<postgres_database> postgres_;
};

INSTANTIATE_TEST_SUITE_P(Backends, ReadOnlyDatabases, testing::Values("Sqlite", "Postgres"),
                         [](const auto& info) { return std::string{info.param}; });

TEST_P(ReadOnlyDatabases, AreReadInEveryWay) {
  EXPECT_EQ(notes_in("replica"), R"([{"text":"first"}])");
  EXPECT_EQ(ask_for("/replica/read").json(), nlohmann::json::parse(R"({"first":"first","all":"first "})"));
  EXPECT_EQ(put_into("/main/notes", "second").status, 200);
  EXPECT_EQ(notes_in("replica"), R"([{"text":"first"},{"text":"second"}])");
}

TEST_P(ReadOnlyDatabases, RefuseChangesBeforeTheyAreSent) {
  const auto answer = put_into("/replica/notes", "no");
  EXPECT_TRUE(is_problem(answer, 500)) << answer;
  EXPECT_TRUE(node_->wait_for_message("database replica: statement failed: what changes something, on a database with "
                                      "read_only; in: INSERT INTO note .*"))
      << node_->log_text();
  EXPECT_TRUE(node_->wait_for_message(R"(.*POST /\{db\}/notes failed: the database is read only)")) << node_->log_text();
  const auto figures = get(node_->admin_port(), "/_troupe/database").json()["databases"]["replica"];
  EXPECT_TRUE(figures["statements"].empty()) << figures;
  EXPECT_EQ(notes_in("main"), R"([{"text":"first"}])");
}

TEST_P(ReadOnlyDatabases, RefuseChangesInTransactions) {
  for (const std::string way : {"later", "copies"}) {
    const auto answer = put_into("/replica/" + way, "no");
    EXPECT_TRUE(is_problem(answer, 500)) << way << answer;
  }
  EXPECT_TRUE(node_->wait_for_message("database replica: statement failed: .*; in: INSERT .*")) << node_->log_text();
  EXPECT_EQ(notes_in("main"), R"([{"text":"first"}])");
  EXPECT_EQ(notes_in("replica"), R"([{"text":"first"}])") << "the connections are as good as before";
}

TEST_F(Databases, ThatAreReadOnlyMakeNoFile) {
  auto flags = two_files();
  flags.insert(flags.end(), {"--databases-missing-url", "sqlite:" + in_home("missing.db"),
                             "--databases-missing-read-only", "--databases-missing-acquire-timeout", "50ms"});
  auto& node = start(flags);
  EXPECT_TRUE(is_problem(ask_for("/missing/notes"), 503));
  EXPECT_TRUE(node.wait_for_message("database missing: cannot connect to the database: .*missing.db: it is not there, "
                                    "and is to be read only"))
      << node.log_text();
  EXPECT_FALSE(std::filesystem::exists(in_home("missing.db")));
}

// -- one with connections for each event loop ---------------------------------------------------------------

/// Two loops, which both have clients as soon as there are some.
class DatabasesPerLoop : public Databases {
protected:
  void SetUp() override {
    Databases::SetUp();
    if (!postgres_server())
      GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
    database_.emplace();
    start({"--threads", "2", "--storage", database_->url(), "--storage-migrations", in_home("main"),
           "--storage-per-loop", "--storage-max-connections", "4"});
  }

  [[nodiscard]] nlohmann::json figures() const { return get(node_->admin_port(), "/_troupe/database").json(); }

  http_connection& ask_for_on_a_new_connection(const std::string& path) {
    clients_.push_back(std::make_unique<http_connection>(node_->http_port()));
    clients_.back()->send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
    return *clients_.back();
  }

  std::optional<postgres_database> database_;
  std::vector<std::unique_ptr<http_connection>> clients_;
};

TEST_F(DatabasesPerLoop, AreToldOfAsOne) {
  EXPECT_EQ(figures()["max_connections"], 4);
  EXPECT_TRUE(eventually([&] {
    ask_for_on_a_new_connection("/storage/held");
    return figures()["in_use"] == 4;
  })) << "the connections of both loops";
  EXPECT_EQ(figures()["holders"].size(), 4u);
  EXPECT_TRUE(is_problem(ask_for_on_a_new_connection("/storage/notes").read(), 503));
  EXPECT_TRUE(node_->wait_for_message("event loop [01]: no database connection within 2000 ms: 2 of 2 connections held by "
                                      "transactions that do nothing, .*/held has a transaction .*"))
      << node_->log_text();
  for (const auto& each : clients_)
    each->reset();
  EXPECT_TRUE(eventually([&] { return figures()["in_use"] == 0 && figures()["waiting"] == 0; }));
  std::map<std::string, int> counts;
  const auto found = figures();
  for (const auto& each : found["statements"])
    counts[each["sql"].get<std::string>()] = each["count"];
  EXPECT_GE(counts["BEGIN"], 4) << "of both loops";
  EXPECT_NE(get(node_->admin_port(), "/metrics").body.find("troupe_database_connections_max{database=\"storage\"} 4"),
            std::string::npos);
}

TEST_F(DatabasesPerLoop, HaveOneSessionThatListensForAllLoops) {
  for (int i = 0; i < 16; ++i)
    ask_for_on_a_new_connection("/storage/heard");
  EXPECT_TRUE(eventually([&] {
    put_into("/storage/told", "it");
    return std::none_of(clients_.begin(), clients_.end(), [](const auto& each) { return each->quiet(); });
  }));
  for (const auto& each : clients_)
    EXPECT_EQ(each->read().body, "it");
  EXPECT_EQ(run_sql(database_->url(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                      "AND query LIKE '%LISTEN %' AND pid <> pg_backend_pid()"), "1\n");
}

// -- one that is away, and another one in its place ------------------------------------------------------

/// "storage" is asked while "replica" is away: with the same table, and a note that says which one it is.
class DatabasesWithFallback : public Databases {
protected:
  void make_file(const std::string& name, const std::string& note) {
    start({"--storage", "sqlite:" + in_home(name), "--storage-migrations", in_home("main")});
    EXPECT_EQ(put_into("/storage/notes", note).status, 200);
    node_->signal(SIGTERM);
    EXPECT_TRUE(node_->wait());
  }

  gateway& start_with(const std::string& main, const std::string& replica, const flag_list& more = {}) {
    flag_list flags{"--storage", main, "--storage-migrations", in_home("main"), "--databases-replica-url", replica,
                    "--databases-replica-read-only", "--databases-replica-fallback", "storage"};
    flags.insert(flags.end(), more.begin(), more.end());
    auto& node = start(flags);
    EXPECT_EQ(put_into("/storage/notes", "main").status, 200);
    return node;
  }

  /// On a server of its own, which can be stopped.
  void start_with_replica(const flag_list& more = {}) {
    main_.emplace();
    replica_.emplace();
    run_sql(replica_->url(), std::string{postgres_table} + "; INSERT INTO note (text) VALUES ('replica')");
    start_with(main_->url(), replica_->url(), more);
  }

  [[nodiscard]] std::int64_t handed_over() const {
    return get(node_->admin_port(), "/_troupe/database").json()["databases"]["replica"]["handed_over"];
  }

  [[nodiscard]] bool says_soon(const std::string& notes) const {
    return eventually([&] { return notes_in("replica") == notes; });
  }

  std::optional<postgres_database> main_;
  std::optional<postgres_cluster> replica_;
};

/// How many sessions of the database run what `/slow` asks.
std::string sleeping(const std::string& url) {
  return run_sql(url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
                      "AND query LIKE 'SELECT pg_sleep%'");
}

constexpr const char* from_main = R"([{"text":"main"}])";
constexpr const char* from_replica = R"([{"text":"replica"}])";

TEST_F(DatabasesWithFallback, AreAskedThereInEveryWayOfReadingUntilTheyAreBack) {
  make_file("elsewhere.db", "replica");
  auto& node = start_with("sqlite:" + in_home("main.db"), "sqlite:" + in_home("replica.db"));
  EXPECT_EQ(notes_in("replica"), from_main);
  EXPECT_EQ(ask_for("/replica/read").json(), nlohmann::json::parse(R"({"first":"main","all":"main "})"));
  EXPECT_EQ(ask_for("/both/replica/storage").json(),
            nlohmann::json::parse(R"({"coalesced":["main","main"],"shared":["main","main"]})"));
  EXPECT_TRUE(node.wait_for_message("database replica: cannot connect to the database: .*; meanwhile the database storage "
                                    "is asked"))
      << node.log_text();
  EXPECT_EQ(handed_over(), 5) << "a statement, a transaction, a stream, a coalesced read, a shared one";
  EXPECT_NE(get(node.admin_port(), "/metrics").body.find("troupe_database_handed_over_total{database=\"replica\"} 5"),
            std::string::npos);

  const auto refused = put_into("/replica/notes", "no");
  EXPECT_TRUE(is_problem(refused, 500)) << "it is only read: " << refused;

  std::filesystem::rename(in_home("elsewhere.db"), in_home("replica.db"));
  EXPECT_TRUE(says_soon(from_replica)) << notes_in("replica");
  EXPECT_TRUE(node.wait_for_message("database replica: the database is back")) << node.log_text();
  const auto before = handed_over();
  EXPECT_EQ(notes_in("replica"), from_replica);
  EXPECT_EQ(handed_over(), before);
  EXPECT_EQ(notes_in("storage"), from_main);
}

TEST_F(DatabasesWithFallback, LoseNoReadThatBeginsWhileTheirServerIsDown) {
  if (!postgres_server())
    GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
  start_with_replica();
  EXPECT_EQ(notes_in("replica"), from_replica);
  for (int round = 0; round < 2; ++round) {
    replica_->stop();
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(notes_in("replica"), from_main);
    replica_->start();
    EXPECT_TRUE(says_soon(from_replica)) << notes_in("replica") << node_->log_text();
  }
  EXPECT_GE(handed_over(), 40);
}

TEST_F(DatabasesWithFallback, HaveItForThePoolsOfAllLoops) {
  if (!postgres_server())
    GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
  for (const auto* which : {"--storage-per-loop", "--databases-replica-per-loop"}) { // more of it, fewer of it
    start_with_replica({"--threads", "2", which});
    replica_->stop();
    for (int i = 0; i < 20; ++i) // each a connection of its own, on either loop
      EXPECT_EQ(notes_in("replica"), from_main) << which;
    EXPECT_EQ(handed_over(), 20);
  }
}

TEST_F(DatabasesWithFallback, AreNotWaitedForWhereATransactionHoldsAConnectionThatIsLost) {
  if (!postgres_server())
    GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
  start_with_replica();
  http_connection client{node_->http_port()};
  client.send("GET /replica/held HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_TRUE(eventually([&] {
    const auto found = get(node_->admin_port(), "/_troupe/database").json()["databases"]["replica"]["holders"];
    return !found.empty() && found[0]["transaction"] == true && found[0]["statement"] == "";
  }));
  replica_->stop();
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(notes_in("replica"), from_main);
  client.reset();
}

TEST_F(DatabasesWithFallback, TakeOutThereWhatNobodyWaitsForAnyMore) {
  if (!postgres_server())
    GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
  postgres_database main;
  start_with(main.url(), "postgres://nobody@127.0.0.1:" + std::to_string(free_port()) + "/none");
  EXPECT_EQ(notes_in("replica"), from_main);
  http_connection client{node_->http_port()};
  client.send("GET /replica/slow HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return sleeping(main.url()) == "1\n"; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return sleeping(main.url()) == "0\n"; }));
}

// -- migrations from the command line -----------------------------------------------------------------

class DatabaseMigrations : public Databases {
protected:
  [[nodiscard]] finished migrate(flag_list arguments) const {
    arguments.insert(arguments.begin(), "migrate");
    return run_to_end({program_path("databases-node").string(), std::move(arguments), {}, home_.path()});
  }

  [[nodiscard]] flag_list for_reports(const std::string& command) const {
    flag_list out{command, "--database", "reports"};
    for (const auto& each : two_files())
      out.push_back(each);
    return out;
  }
};

TEST_F(DatabaseMigrations, AreThoseOfTheDatabaseThatIsNamed) {
  EXPECT_EQ(migrate(for_reports("status")).status, (exit_status{1, 0}));
  const auto up = migrate(for_reports("up"));
  EXPECT_EQ(up.status, (exit_status{0, 0})) << up.err;
  EXPECT_EQ(up.out, "applied 001_note.sqlite.sql\nup to date: 1 applied now, 0 before\n");
  EXPECT_EQ(migrate(for_reports("status")).status, (exit_status{0, 0}));
  EXPECT_TRUE(std::filesystem::exists(in_home("reports.db")));
  EXPECT_FALSE(std::filesystem::exists(in_home("main.db"))) << "the default one is another's";
  auto without = two_files();
  without.insert(without.begin(), "status");
  EXPECT_EQ(migrate(without).status, (exit_status{1, 0})) << "which has not been migrated";
}

TEST_F(DatabaseMigrations, BeginInTheFolderOfTheDatabase) {
  const auto made = migrate({"new", "more", "--database", "reports", "--databases-reports-migrations", "reports"});
  EXPECT_EQ(made.out, "reports/002_more.sql\n") << made.err;
  home_.write("node.toml", "[databases.x]\nurl = \"sqlite:x.db\"\n");
  const auto refused = migrate({"new", "more", "--database", "x", "--config", "node.toml"});
  EXPECT_EQ(refused.status, (exit_status{2, 0}));
  EXPECT_EQ(refused.err, "databases-node: databases.x.migrations: found no folder, expected the path of the folder in "
                         "the sources, as --databases-x-migrations DIR\n");
}

TEST_F(DatabaseMigrations, AreRefusedWithoutAFolderAndForWhatIsOnlyRead) {
  const auto lost = migrate({"up", "--database", "old_reports", "--databases-old-reports-url", "sqlite:x.db"});
  EXPECT_EQ(lost.status, (exit_status{2, 0}));
  EXPECT_EQ(lost.err, "databases-node: databases.old_reports.migrations: found no folder, expected the path of a "
                      "folder, as --databases-old-reports-migrations DIR\n");
  const auto read = migrate({"up", "--database", "r", "--databases-r-url", "sqlite:x.db", "--databases-r-read-only"});
  EXPECT_EQ(read.status, (exit_status{2, 0}));
  EXPECT_EQ(read.err,
            "databases-node: databases.r.read_only: found true, expected false: migrations change the database\n");
  EXPECT_FALSE(std::filesystem::exists(in_home("x.db")));
}

} // namespace
} // namespace troupe::test
