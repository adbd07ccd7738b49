// Faults of a database that is a file, under load: what clients were told of each entry, and what is in the tables
// afterwards. SQLite's own view of the file, not the framework's.
#include "tests/e2e/entries.hpp"
#include "tests/support/node.hpp"
#include "tests/support/temp_directory.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>
#include <sys/resource.h>
#include <system_error>

namespace troupe::test {
namespace {

/// A session of this process's with the file.
SQLite::Database open(const std::filesystem::path& file) {
  return {file.string(), SQLite::OPEN_READWRITE, 60'000};
}

/// The cells of all rows, each with a blank behind it.
std::string run(SQLite::Database& on, const char* sql) {
  std::string out;
  for (SQLite::Statement rows{on, sql}; rows.executeStep();)
    for (int i = 0; i < rows.getColumnCount(); ++i)
      out.append(rows.getColumn(i).getText()).append(" ");
  return out;
}

/// As `ulimit -f` for a process that runs.
void limit_files(pid_t process, rlim_t bytes) {
  const rlimit wanted{bytes, RLIM_INFINITY};
  if (::prlimit(process, RLIMIT_FSIZE, &wanted, nullptr) != 0)
    throw std::system_error{errno, std::generic_category(), "prlimit"};
}

class SqliteLedger : public testing::Test {
protected:
  SqliteLedger() {
    std::filesystem::create_directory(folder_.path() / "migrations");
    std::ofstream{folder_.path() / "migrations" / "001_tables.sql"}
        << "CREATE TABLE entry (n BIGINT, payer INT, payee INT);\n"
           "CREATE TABLE account (id INT PRIMARY KEY, sum BIGINT);\n"
           "INSERT INTO account WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < "
        << ledger_accounts << ") SELECT n, 1000 FROM i;\n";
  }

  [[nodiscard]] std::unique_ptr<gateway> start_node(const std::vector<std::string>& flags = {},
                                                    const gateway_ports& ports = {}) const {
    std::vector<std::string> all{"--storage-migrations", (folder_.path() / "migrations").string()};
    all.insert(all.end(), flags.begin(), flags.end());
    return std::make_unique<gateway>(entries_node("sqlite:" + file().string(), all), ports);
  }

  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "entries.db"; }

  /// Compares; gives what clients were told.
  [[nodiscard]] entry_ledger expect_truth(const std::string& fault, const std::vector<outcome>& outcomes) const {
    auto on = open(file());
    EXPECT_EQ(run(on, "PRAGMA integrity_check"), "ok ");
    EXPECT_EQ(run(on, wrong_accounts), "") << "half of a transfer";
    std::istringstream rows{run(on, entries_there)};
    std::map<entry_number, int> there;
    entry_number n = 0;
    for (int count = 0; rows >> n >> count;)
      there[n] = count;
    return expect_ledger(fault, outcomes, there);
  }

  temp_directory folder_;
};

TEST_F(SqliteLedger, HoldsWhenTheNodeIsKilled) {
  std::vector<outcome> outcomes;
  ASSERT_NO_FATAL_FAILURE(
      kill_under_load([this](const gateway_ports& ports) { return start_node({}, ports); }, outcomes));
  EXPECT_FALSE(expect_truth("sqlite_node_killed", outcomes).stored.empty());
}

TEST_F(SqliteLedger, HoldsWhenFilesMayNotGrow) {
  auto node = start_node();
  entry_load entries{node->http_port()};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(300));
    limit_files(node->pid(), 0);
    ASSERT_TRUE(entries.entry_is_refused());
    ASSERT_TRUE(entries.answers(300));
    limit_files(node->pid(), RLIM_INFINITY);
    ASSERT_TRUE(entries.entry_is_stored());
  }
  const auto told = expect_truth("sqlite_files_full", entries.stop());
  EXPECT_FALSE(told.stored.empty() || told.not_stored.empty());
  EXPECT_EQ(told.unknown, entry_numbers{});
  // A log on the disk that is full: a line a second, not one for each of hundreds.
  const auto log = node->log_text();
  const std::string line = "statement failed";
  std::size_t lines = 0;
  for (auto at = log.find(line); at != std::string::npos; at = log.find(line, at + 1))
    ++lines;
  EXPECT_GT(lines, 0u) << log;
  EXPECT_LT(lines, told.not_stored.size() / 4) << log;
}

TEST_F(SqliteLedger, HoldsWhenAnotherProcessHasTheFile) {
  auto node = start_node({"--storage-query-timeout", "100ms"});
  entry_load entries{node->http_port()};
  auto other = open(file());
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(300));
    other.exec("BEGIN IMMEDIATE");
    ASSERT_TRUE(entries.answers(20)); // none of them stored, as it has the only lock there is
    other.exec("COMMIT");
    ASSERT_TRUE(entries.entry_is_stored());
  }
  const auto outcomes = entries.stop();
  const auto told = expect_truth("sqlite_locked", outcomes);
  EXPECT_EQ(told.unknown, entry_numbers{});
  EXPECT_TRUE(some_were_told("took too long", outcomes) || some_were_told("no database connection", outcomes));
}

} // namespace
} // namespace troupe::test
