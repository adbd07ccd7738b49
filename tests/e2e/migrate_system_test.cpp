// Migrations from the command line, as operators and developers call them: `migrate up`, `migrate
// status` and `migrate new`.
#include "tests/e2e/backend_fixture.hpp"
#include "tests/support/temp_directory.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <regex>
#include <sstream>

namespace troupe::test {
namespace {

using texts = std::vector<std::string>;

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

finished run_migrate(texts arguments, const temp_directory& where,
                     std::map<std::string, std::string> environment = {}) {
  arguments.insert(arguments.begin(), "migrate");
  return run_to_end({program_path("troupe-demo").string(), std::move(arguments),
                     std::move(environment), where.path()});
}

/// It has printed nothing but one line on standard error, which has all of this.
void expect_refusal(const finished& result, const texts& says, const std::string& out = "") {
  EXPECT_EQ(result.status, (exit_status{2, 0})) << result.err;
  EXPECT_EQ(result.out, out);
  EXPECT_EQ(lines_in(result.err), 1u) << result.err;
  EXPECT_TRUE(result.err.starts_with("troupe-demo: ")) << result.err;
  for (const auto& text : says)
    EXPECT_NE(result.err.find(text), std::string::npos)
        << "\"" << text << "\" is not in: " << result.err;
}

/// An empty database and a folder "sql" for migrations.
class Migrate : public with_database {
protected:
  void SetUp() override {
    with_database::SetUp();
    if (IsSkipped())
      return;
    std::filesystem::create_directory(folder_.path() / "sql");
  }

  void write(const std::string& name, const std::string& sql) const {
    folder_.write("sql/" + name, sql);
  }

  /// With the flags that name database and folder.
  [[nodiscard]] command command_for(const std::string& what) const {
    return {program_path("troupe-demo").string(),
            {"migrate", what, "--storage", storage_url(), "--storage-migrations", "sql",
             "--storage-connect-timeout", "60s"},
            {},
            folder_.path()};
  }
  [[nodiscard]] finished up() const { return run_to_end(command_for("up")); }
  [[nodiscard]] finished status() const { return run_to_end(command_for("status")); }

  /// The states of `migrate status` by name; times read "TIME".
  [[nodiscard]] std::map<std::string, std::string> states() const {
    static const std::regex row{" *\\d+  (\\S+) +(.*)"};
    static const std::regex time{"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z"};
    const auto result = status();
    EXPECT_EQ(result.err, "");
    std::istringstream all{result.out};
    std::string line;
    std::getline(all, line);
    EXPECT_TRUE(std::regex_match(line, std::regex{"version  name +state"})) << line;
    std::map<std::string, std::string> out;
    for (std::smatch parts; std::getline(all, line);) {
      EXPECT_TRUE(std::regex_match(line, parts, row)) << line;
      out[parts[1]] = std::regex_replace(parts[2].str(), time, "TIME");
    }
    return out;
  }


private:
};
TROUPE_ON_EACH_BACKEND(Migrate);

using by_name = std::map<std::string, std::string>;

TEST_P(Migrate, UpAppliesWhatIsNewALineForEach) {
  write("002_b.sql", "INSERT INTO a VALUES (1);");
  write("001_a.sql", "CREATE TABLE a (id INTEGER);");
  auto first = up();
  EXPECT_EQ(first.status, exit_status{}) << first.err;
  EXPECT_EQ(first.out,
            "applied 001_a.sql\napplied 002_b.sql\nup to date: 2 applied now, 0 before\n");
  EXPECT_EQ(first.err, "");
  write("003_c.sql", "INSERT INTO a VALUES (2);");
  EXPECT_EQ(up().out, "applied 003_c.sql\nup to date: 1 applied now, 2 before\n");
  auto again = up();
  EXPECT_EQ(again.status, exit_status{}) << again.err;
  EXPECT_EQ(again.out, "up to date: 0 applied now, 3 before\n");
}

TEST_P(Migrate, StatusTellsWhatIsPendingByItsExitStatusToo) {
  write("001_a.sql", "CREATE TABLE a (id INTEGER);");
  write("002_bb.sql", "CREATE TABLE bb (id INTEGER);");
  auto before = status();
  EXPECT_EQ(before.status, (exit_status{1, 0})) << before.err;
  EXPECT_EQ(before.out, "version  name        state\n"
                        "      1  001_a.sql   pending\n"
                        "      2  002_bb.sql  pending\n");
  EXPECT_EQ(before.err, "");
  EXPECT_EQ(up().status, exit_status{});
  EXPECT_EQ(status().status, exit_status{});
  EXPECT_EQ(states(), (by_name{{"001_a.sql", "applied TIME"}, {"002_bb.sql", "applied TIME"}}));
  write("003_c.sql", "CREATE TABLE c (id INTEGER);");
  EXPECT_EQ(status().status, (exit_status{1, 0}));
}

TEST_P(Migrate, StatusTellsWhatUpWouldRefuse) {
  for (const char* name : {"002_b.sql", "003_c.sql"})
    write(name, "SELECT 1;");
  EXPECT_EQ(up().status, exit_status{});
  write("001_a.sql", "SELECT 1;");
  write("002_b.sql", "SELECT 2;");
  std::filesystem::remove(folder_.path() / "sql/003_c.sql");
  EXPECT_EQ(status().status, (exit_status{1, 0}));
  EXPECT_EQ(states(), (by_name{{"001_a.sql", "out of order"},
                               {"002_b.sql", "changed (applied TIME)"},
                               {"003_c.sql", "missing (applied TIME)"}}));
}

TEST_P(Migrate, UpRefusesWhatDoesNotFitWhatWasApplied) {
  write("002_b.sql", "CREATE TABLE b (id INTEGER);");
  EXPECT_EQ(up().status, exit_status{});
  write("003_c.sql", "CREATE TABLE c (id INTEGER);");
  write("002_b.sql", "CREATE TABLE b (id BIGINT);");
  expect_refusal(up(), {"\"002_b.sql\" has changed since it was applied"});
  std::filesystem::remove(folder_.path() / "sql/002_b.sql");
  expect_refusal(up(), {"\"002_b.sql\" was applied and is not there"});
  write("002_b.sql", "CREATE TABLE b (id INTEGER);");
  write("001_a.sql", "CREATE TABLE a (id INTEGER);");
  expect_refusal(up(), {"\"001_a.sql\" comes before \"002_b.sql\""});
  std::filesystem::remove(folder_.path() / "sql/001_a.sql");
  EXPECT_EQ(up().out, "applied 003_c.sql\nup to date: 1 applied now, 1 before\n")
      << "what was refused has left something";
}

TEST_P(Migrate, AFileThatFailsIsRolledBackAndItsLineTold) {
  write("001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);");
  write("002_b.sql", "-- two rows\n\nINSERT INTO a VALUES (1);\nCREATE TABLE b (id INTEGER);\n\n"
                     "/* the same\n   again */\n\nINSERT INTO a VALUES (1); -- line 9\n");
  write("003_c.sql", "CREATE TABLE c (id INTEGER);");
  const std::string reason = GetParam() == backend::sqlite ? "UNIQUE constraint failed: a.id"
                                                           : "duplicate key value";
  expect_refusal(up(), {"\"002_b.sql\", line 9: ", reason}, "applied 001_a.sql\n");
  EXPECT_EQ(states(), (by_name{{"001_a.sql", "applied TIME"},
                               {"002_b.sql", "pending"},
                               {"003_c.sql", "pending"}}));
  write("002_b.sql", "CREATE TABLE b (id INTEGER);\nINSERT INTO a VALUES (1);");
  EXPECT_EQ(up().out,
            "applied 002_b.sql\napplied 003_c.sql\nup to date: 2 applied now, 1 before\n");
}

TEST_P(Migrate, ManyProcessesAtOnceApplyEachFileOnce) {
  const std::size_t processes = GetParam() == backend::postgres ? 20 : 12;
  constexpr std::size_t files = 5;
  write("001_first.sql", "CREATE TABLE log (n INTEGER);\n" // takes long enough for all to meet
                         "CREATE TABLE big AS WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL "
                         "SELECT i + 1 FROM g WHERE i < 200000) SELECT i FROM g;");
  for (std::size_t i = 2; i <= files; ++i)
    write("00" + std::to_string(i) + "_more.sql", "INSERT INTO log VALUES (1);");
  std::vector<std::unique_ptr<child_process>> all;
  for (std::size_t i = 0; i < processes; ++i)
    all.push_back(std::make_unique<child_process>(command_for("up")));
  std::size_t applied = 0;
  for (auto& each : all) {
    EXPECT_EQ(each->wait(60s), exit_status{}) << each->err().text();
    EXPECT_TRUE(each->out().wait_until_closed());
    const auto out = each->out().lines();
    ASSERT_FALSE(out.empty());
    applied += out.size() - 1;
    EXPECT_EQ(out.back(), "up to date: " + std::to_string(out.size() - 1) + " applied now, "
                              + std::to_string(files + 1 - out.size()) + " before");
  }
  EXPECT_EQ(applied, files) << "each file by one process";
  write("006_proof.sql", "CREATE TABLE proof (rows INTEGER CHECK (rows = 4));\n"
                         "INSERT INTO proof SELECT count(*) FROM log;");
  EXPECT_EQ(up().out, "applied 006_proof.sql\nup to date: 1 applied now, 5 before\n")
      << "its CHECK holds the number of rows";
}

TEST_P(Migrate, StatusAndANodeSeeTheSame) {
  const auto demo = [&](const std::string& what) {
    return run_migrate({what, "--storage", storage_url()}, folder_);
  };
  EXPECT_EQ(demo("status").status, (exit_status{1, 0})) << "the demo's own folder";
  {
    gateway node{with_flags({"--storage", storage_url()})};
    EXPECT_TRUE(node.wait_for_message("migration 001_users\\..* applied"));
    EXPECT_EQ(demo("status").status, exit_status{}) << "beside a node that runs";
    EXPECT_EQ(demo("up").out, "up to date: 0 applied now, 1 before\n");
  }
  gateway again{with_flags({"--storage", storage_url()})};
  EXPECT_EQ(again.log_text().find("migration"), std::string::npos) << again.log_text();
}

TEST_P(Migrate, TakesFolderAndDatabaseFromVariablesAndFile) {
  write("001_a.sql", "CREATE TABLE a (id INTEGER);");
  folder_.write("node.toml", "[gateway]\nthreads = 2\n[storage]\nmigrations = \"sql\"\n");
  auto result = run_migrate({"up", "--config", "node.toml"}, folder_, {{"TROUPE_STORAGE", storage_url()}});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  EXPECT_EQ(result.out, "applied 001_a.sql\nup to date: 1 applied now, 0 before\n");
  EXPECT_EQ(states(), (by_name{{"001_a.sql", "applied TIME"}}));
}

TEST(MigrateStatus, MakesNeitherFileNorTableAndLeavesNothing) {
  temp_directory folder;
  std::filesystem::create_directory(folder.path() / "sql");
  folder.write("sql/001_a.sql", "CREATE TABLE a (id INTEGER);");
  const texts flags{"status", "--storage", "sqlite:app.db", "--storage-migrations", "sql"};
  const auto names = [&] {
    std::vector<std::string> out;
    for (const auto& each : std::filesystem::directory_iterator{folder.path()})
      out.push_back(each.path().filename());
    std::sort(out.begin(), out.end());
    return out;
  };
  EXPECT_EQ(run_migrate(flags, folder).status, (exit_status{1, 0}));
  EXPECT_EQ(names(), (texts{"sql"}));
  folder.write("app.db", ""); // an empty database
  EXPECT_EQ(run_migrate(flags, folder).status, (exit_status{1, 0}));
  EXPECT_EQ(read_file(folder.path() / "app.db"), "");
  EXPECT_EQ(names(), (texts{"app.db", "sql"}));
}

TEST(MigrateUp, ThatIsKilledLeavesNothingOfTheFileThatWasUnderWay) {
  temp_directory folder;
  std::filesystem::create_directory(folder.path() / "sql");
  folder.write("sql/001_a.sql", "CREATE TABLE a (id INTEGER);");
  folder.write("sql/002_b.sql", "CREATE TABLE b (id INTEGER);\n" // and then never ends
                                "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g) "
                                "SELECT count(*) FROM g;");
  const texts flags{"--storage", "sqlite:app.db", "--storage-migrations", "sql"};
  const auto with = [&](texts arguments) {
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return arguments;
  };
  child_process up{{program_path("troupe-demo").string(), with({"migrate", "up"}), {},
                    folder.path()}};
  ASSERT_TRUE(up.out().wait_for([](const auto& line) { return line == "applied 001_a.sql"; }))
      << up.err().text();
  up.signal(SIGKILL);
  EXPECT_EQ(up.wait(), (exit_status{0, SIGKILL}));
  auto after = run_migrate(with({"status"}), folder);
  EXPECT_TRUE(std::regex_search(after.out, std::regex{"001_a\\.sql  applied "})) << after.out;
  EXPECT_TRUE(std::regex_search(after.out, std::regex{"002_b\\.sql  pending"})) << after.out;
  folder.write("sql/002_b.sql", "CREATE TABLE b (id INTEGER);");
  EXPECT_EQ(run_migrate(with({"up"}), folder).out,
            "applied 002_b.sql\nup to date: 1 applied now, 1 before\n");
}

TEST(MigrateRefusals, AreOneLineAndExit2) {
  temp_directory folder;
  std::filesystem::create_directory(folder.path() / "empty");
  folder.write("text.db", std::string(5'000, 'x'));
  for (const char* what : {"up", "status"}) {
    expect_refusal(run_migrate({what, "--storage-migrations", "nowhere"}, folder),
                   {"migrations folder nowhere: No such file"});
    expect_refusal(run_migrate({what, "--storage-migrations", "empty", "--storage",
                                "sqlite:no/such.db"}, folder),
                   {"SQLite file no/such.db: the folder", "does not exist"});
    expect_refusal(
        run_migrate({what, "--storage-migrations", "empty", "--storage", "sqlite:text.db"}, folder),
        {"text.db: file is not a database"});
    auto away = run_migrate({what, "--storage", "postgres://me:hidden@127.0.0.1:1/db"}, folder);
    expect_refusal(away, {"migrations: ", "127.0.0.1"});
    EXPECT_EQ(away.err.find("hidden"), std::string::npos) << away.err;
    expect_refusal(run_migrate({what, "--threads", "1"}, folder),
                   {"--threads: unknown flag of migrate"});
  }
  expect_refusal(run_migrate({}, folder), {"migrate: found no command", "up, status or new"});
  expect_refusal(run_migrate({"down"}, folder), {"\"down\": unknown command of migrate"});
}

TEST(MigrateRefusals, NameTheSettingWhereTheProgramHasNoFolder) {
  temp_directory folder;
  for (const texts& arguments : {texts{"migrate", "up"}, {"migrate", "status"}}) {
    auto result = run_to_end({program_path("routes-node").string(), arguments, {}, folder.path()});
    EXPECT_EQ(result.status, (exit_status{2, 0})) << result.out;
    EXPECT_NE(result.err.find("storage.migrations: found no folder, and the application has none"),
              std::string::npos)
        << result.err;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

TEST(MigrateNew, WritesTheNextFileAndPrintsItsPath) {
  temp_directory folder;
  const auto begin = [&](const std::string& name) {
    return run_migrate({"new", name, "--storage-migrations", "db/sql"}, folder);
  };
  auto first = begin("add_users");
  EXPECT_EQ(first.status, exit_status{}) << first.err;
  EXPECT_EQ(first.out, "db/sql/001_add_users.sql\n");
  EXPECT_EQ(first.err, "");
  EXPECT_EQ(begin("add_users").out, "db/sql/002_add_users.sql\n");
  auto text = read_file(folder.path() / "db/sql/001_add_users.sql");
  EXPECT_TRUE(text.starts_with("-- ")) << text;
  auto applied = run_migrate({"up", "--storage", "sqlite:app.db", "--storage-migrations", "db/sql"},
                             folder);
  EXPECT_EQ(applied.out, "applied 001_add_users.sql\napplied 002_add_users.sql\n"
                         "up to date: 2 applied now, 0 before\n")
      << applied.err;
}

TEST(MigrateNew, RefusesOtherNamesAndWritesNothing) {
  temp_directory folder;
  for (const char* name : {"", "a b", "a.sql", "../a", "a/b"})
    expect_refusal(run_migrate({"new", name, "--storage-migrations", "sql"}, folder),
                   {"migrate new: found ", "expected a name of the characters A-Z a-z 0-9 _ -"});
  expect_refusal(run_migrate({"new", "--storage-migrations", "sql"}, folder),
                 {"migrate new: found no name"});
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// The demo's own folder is a copy that the build makes, and makes again.
TEST(MigrateNew, AsksForTheFolderInTheSources) {
  temp_directory folder;
  const auto own = program_path("troupe-demo").parent_path() / "migrations/troupe-demo";
  const auto files = [&] {
    const std::filesystem::directory_iterator all{own};
    return std::distance(begin(all), end(all));
  };
  const auto before = files();
  expect_refusal(run_migrate({"new", "a"}, folder),
                 {"storage.migrations: found no folder", "--storage-migrations DIR"});
  EXPECT_EQ(files(), before);
}

TEST(MigrateHelp, NamesCommandsAndFlags) {
  temp_directory folder;
  auto all = run_migrate({"--help"}, folder);
  EXPECT_EQ(all.status, exit_status{});
  for (const char* command : {"up", "status", "new"})
    EXPECT_NE(all.out.find(command), std::string::npos) << command;
  auto one = run_migrate({"up", "--help"}, folder);
  EXPECT_EQ(one.status, exit_status{});
  for (const char* flag : {"--storage ", "--storage-migrations", "--config"})
    EXPECT_NE(one.out.find(flag), std::string::npos) << flag;
}

} // namespace
} // namespace troupe::test
