// Faults of a database that is a file, under load: what clients were told of each entry, and what is in the tables
// afterwards. SQLite's own view of the file, not the framework's.
#include "tests/e2e/entries.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/node.hpp"
#include "tests/support/temp_directory.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sqlite3.h>
#include <stdexcept>
#include <sys/resource.h>
#include <system_error>

namespace troupe::test {
namespace {

/// A session of this process's with the file.
class file_session {
public:
  explicit file_session(const std::filesystem::path& file) {
    sqlite3* made = nullptr;
    const int opened = sqlite3_open_v2(file.c_str(), &made, SQLITE_OPEN_READWRITE, nullptr);
    session_.reset(made);
    if (opened != SQLITE_OK)
      throw std::runtime_error{"no session with " + file.string()};
    sqlite3_busy_timeout(made, 60'000);
  }

  /// The cells of all rows, each with a blank behind it.
  std::string run(const std::string& sql) {
    std::string out;
    const auto take = [](void* to, int count, char** cells, char**) {
      for (int i = 0; i < count; ++i)
        static_cast<std::string*>(to)->append(cells[i] != nullptr ? cells[i] : "").append(" ");
      return 0;
    };
    if (sqlite3_exec(session_.get(), sql.c_str(), take, &out, nullptr) != SQLITE_OK)
      throw std::runtime_error{sqlite3_errmsg(session_.get())};
    return out;
  }

private:
  struct closer {
    void operator()(sqlite3* session) const noexcept { sqlite3_close(session); }
  };
  std::unique_ptr<sqlite3, closer> session_;
};

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
    std::vector<std::string> all{"--storage", "sqlite:" + file().string(),
                                 "--storage-migrations", (folder_.path() / "migrations").string(),
                                 "--storage-acquire-timeout", std::to_string(scaled(300ms).count()) + "ms",
                                 "--http-handler-timeout", "10m"};
    all.insert(all.end(), flags.begin(), flags.end());
    return std::make_unique<gateway>(node_options{"entries-node", all, {}}, ports);
  }

  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "entries.db"; }

  /// Compares; gives what clients were told.
  [[nodiscard]] entry_ledger expect_truth(const std::string& fault, const std::vector<outcome>& outcomes) const {
    file_session on{file()};
    EXPECT_EQ(on.run("PRAGMA integrity_check"), "ok ");
    EXPECT_EQ(on.run("SELECT id, sum FROM account WHERE sum <> 1000"
                     " + (SELECT count(*) FROM entry WHERE payee = id) - (SELECT count(*) FROM entry WHERE payer = id)"),
              "")
        << "half of a transfer";
    std::istringstream rows{on.run("SELECT n, count(*) FROM entry GROUP BY n")};
    std::map<entry_number, int> there;
    entry_number n = 0;
    for (int count = 0; rows >> n >> count;)
      there[n] = count;
    return expect_ledger(fault, outcomes, there);
  }

  temp_directory folder_;
};

TEST_F(SqliteLedger, HoldsWhenTheNodeIsKilled) {
  auto node = start_node();
  const auto ports = node->ports();
  entry_load entries{ports.http};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(1000));
    node->kill();
    ASSERT_TRUE(node->wait());
    node = start_node({}, ports);
    ASSERT_TRUE(entries.entry_is_stored());
  }
  EXPECT_FALSE(expect_truth("sqlite_node_killed", entries.stop()).stored.empty());
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
  file_session other{file()};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(300));
    other.run("BEGIN IMMEDIATE");
    ASSERT_TRUE(entries.answers(20)); // none of them stored, as it has the only lock there is
    other.run("COMMIT");
    ASSERT_TRUE(entries.entry_is_stored());
  }
  const auto outcomes = entries.stop();
  const auto told = expect_truth("sqlite_locked", outcomes);
  EXPECT_EQ(told.unknown, entry_numbers{});
  EXPECT_TRUE(some_were_told("took too long", outcomes) || some_were_told("no database connection", outcomes));
}

} // namespace
} // namespace troupe::test
