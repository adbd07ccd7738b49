// Databases beside the default one: how they are named and set, and what is refused.
#include "config/describe.hpp"
#include "config/detail/definition.hpp"
#include "config/detail/values.hpp"
#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>

namespace troupe::config::test {
namespace {

const std::string a_database_name =
    "1 to 32 of the characters a-z 0-9 _, the first a letter, and not storage, which is the default database";

TEST(databases, are_none_without_settings) {
  EXPECT_TRUE(gateway({}).settings.databases.empty());
  EXPECT_TRUE(worker({}).settings.databases.empty());
}

TEST(databases, come_from_file_variables_and_flags) {
  const temporary_file file("[databases.reports]\nurl = \"sqlite:file.db\"\nmax_connections = 4\n"
                            "[databases]\narchive.url = \"sqlite:old.db\"\n");
  const auto found = gateway({"--config", file.path(), "--databases-my-replica-url", "postgres://h/a",
                              "--databases-my-replica-read-only", "--no-databases-my-replica-share-reads"},
                             {"TROUPE_DATABASES_LOG_2_URL=sqlite:log.db", "TROUPE_DATABASES_LOG_2_MAX_BATCH=7"})
                         .settings;
  named_databases expected;
  expected["reports"].url = "sqlite:file.db";
  expected["reports"].max_connections = 4;
  expected["archive"].url = "sqlite:old.db";
  expected["my_replica"].url = "postgres://h/a";
  expected["my_replica"].read_only = true;
  expected["my_replica"].share_reads = false;
  expected["log_2"].url = "sqlite:log.db";
  expected["log_2"].max_batch = 7;
  EXPECT_EQ(found.databases, expected);
  EXPECT_EQ(found.storage, storage_settings{});
}

TEST(databases, take_flag_before_variable_before_file) {
  const temporary_file file("[databases.reports]\nurl = \"sqlite:file.db\"\nmax_batch = 1\nmax_connections = 9\n");
  const auto found = worker({"--config", file.path(), "--databases-reports-url", "sqlite:flag.db"},
                            {"TROUPE_DATABASES_REPORTS_URL=sqlite:variable.db", "TROUPE_DATABASES_REPORTS_MAX_BATCH=2"});
  const auto& reports = found.settings.databases.at("reports");
  EXPECT_EQ(reports.url, "sqlite:flag.db");
  EXPECT_EQ(reports.max_batch, 2U);
  EXPECT_EQ(reports.max_connections, 9U);
  EXPECT_EQ(found.from.at("databases.reports.url").place, "--databases-reports-url");
  EXPECT_EQ(found.from.at("databases.reports.max_batch").place, "TROUPE_DATABASES_REPORTS_MAX_BATCH");
  EXPECT_EQ(found.from.at("databases.reports.max_connections").place, file.path() + ":4");
}

TEST(databases, have_every_setting_of_the_default_one_with_its_default) {
  gateway_settings settings;
  settings.databases["reports"];
  std::vector<detail::setting> of_storage, of_reports;
  for (const auto& each : detail::settings_of(settings)) {
    if (each.what->section == "storage") of_storage.push_back(each);
    if (each.what->section == "databases.reports") of_reports.push_back(each);
  }
  ASSERT_EQ(of_storage.size(), of_reports.size());
  ASSERT_FALSE(of_storage.empty());
  for (std::size_t i = 0; i < of_storage.size(); ++i) {
    EXPECT_EQ(of_storage[i].what->key, of_reports[i].what->key);
    EXPECT_EQ(expected(of_storage[i]), expected(of_reports[i]));
    EXPECT_EQ(to_text(of_storage[i]), to_text(of_reports[i]));
    const auto key = std::string(of_reports[i].what->key);
    EXPECT_EQ(key_of(*of_reports[i].what), "databases.reports." + key);
  }
}

TEST(databases, may_have_names_that_end_like_a_key) {
  const auto found = gateway({"--databases-a-url-url", "sqlite:1.db", "--databases-a-max-batch-url", "sqlite:2.db",
                              "--databases-a-max-batch-max-batch", "3"})
                         .settings.databases;
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.at("a_url").url, "sqlite:1.db");
  EXPECT_EQ(found.at("a_max_batch").url, "sqlite:2.db");
  EXPECT_EQ(found.at("a_max_batch").max_batch, 3U);
}

TEST(databases, are_printed_and_read_back_with_secrets_masked) {
  const auto first = gateway({"--databases-b-url", "sqlite:b.db", "--databases-a-url", "sqlite:a.db",
                              "--databases-a-read-only", "--databases-b-idle-timeout", "90s"});
  const temporary_file file(describe(first));
  EXPECT_EQ(gateway({"--config", file.path()}).settings, first.settings);

  const auto text = describe(gateway({"--databases-x-url", "postgres://me:hush1@h/db?password=hush2"}));
  EXPECT_NE(text.find("\n[databases.x]\nurl = \"postgres://me:****@h/db?password=****\""), std::string::npos) << text;
  EXPECT_EQ(text.find("hush"), std::string::npos);
}

struct wrong {
  texts arguments;
  texts environment;
  std::string error;
};

void expect_refused(const std::vector<wrong>& cases) {
  for (const auto& [arguments, environment, error] : cases)
    EXPECT_EQ(error_of(arguments, environment), error);
}

TEST(databases, with_wrong_values_are_refused_by_flag_and_variable) {
  expect_refused({
      {{"gateway", "--databases-a-url", "mysql://u:pw@h/db"},
       {},
       "--databases-a-url: found \"mysql://u:****@h/db\", expected " + storage_url},
      {{"gateway", "--databases-a-url"}, {}, "--databases-a-url: found no value, expected " + storage_url},
      {{"gateway", "--databases-a-url", "sqlite:a", "--databases-a-url", "sqlite:b"},
       {},
       "--databases-a-url: found it 2 times, expected it once"},
      {{"gateway"},
       {"TROUPE_DATABASES_A_URL=sqlite:a.db", "TROUPE_DATABASES_A_MAX_CONNECTIONS=0"},
       "TROUPE_DATABASES_A_MAX_CONNECTIONS: found \"0\", expected a whole number from 1 to 1000"},
      {{"gateway"},
       {"TROUPE_DATABASES_A_URL=hush"},
       "TROUPE_DATABASES_A_URL: found a text without a known scheme (not shown), expected " + storage_url},
      {{"gateway", "--databases-a-url", "sqlite::memory:"},
       {},
       "--databases-a-url: found sqlite::memory:, expected a database in a file such as sqlite:troupe.db"},
      {{"worker", "--join", "[::1]:1", "--databases-a-url", "postgres://u:p@w@h/db"},
       {},
       "--databases-a-url: found postgres://u:****@h/db, expected each @ of user and password written as %40"},
      {{"gateway", "--databases-a-url", "sqlite:a", "--databases-a-min-connections", "6"},
       {},
       "--databases-a-min-connections: found 6, expected at most as many as databases.a.max_connections (5)"},
      {{"gateway", "--databases-a-url", "sqlite:a", "--databases-a-read-only", "--databases-a-migrations", "sql"},
       {},
       "--databases-a-migrations: found a folder for a database that is only read, expected none, or "
       "databases.a.read_only to be false"},
      {{"gateway", "--storage-read-only", "--storage-migrations", "sql"},
       {},
       "--storage-migrations: found a folder for a database that is only read, expected none, or "
       "storage.read_only to be false"},
  });
}

TEST(databases, may_have_another_one_as_their_fallback) {
  const temporary_file file("[storage]\nurl = \"sqlite:s.db\"\nread_only = true\nfallback = \"reports\"\n"
                            "[databases.replica]\nurl = \"postgres://h/a\"\nread_only = true\nfallback = \"reports\"\n");
  const auto found = gateway({"--config", file.path(), "--databases-archive-url", "sqlite:a.db",
                              "--databases-archive-read-only", "--databases-archive-fallback", "reports"},
                             {"TROUPE_DATABASES_REPORTS_URL=sqlite:r.db", "TROUPE_DATABASES_LOG_URL=sqlite:l.db",
                              "TROUPE_DATABASES_LOG_READ_ONLY=true", "TROUPE_DATABASES_LOG_FALLBACK=reports"})
                         .settings;
  EXPECT_EQ(found.storage.fallback, "reports");
  for (const std::string name : {"replica", "archive", "log"})
    EXPECT_EQ(found.databases.at(name).fallback, "reports") << name;
  EXPECT_EQ(found.databases.at("reports").fallback, "");
}

TEST(databases, whose_fallback_cannot_be_one_are_refused) {
  const auto with = [](std::vector<std::string> more) {
    std::vector<std::string> all{"gateway", "--databases-a-url", "sqlite:a", "--databases-a-read-only"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect_refused({
      {{"gateway", "--databases-a-url", "sqlite:a", "--databases-a-fallback", "storage"},
       {},
       "--databases-a-fallback: found storage, expected none, or databases.a.read_only to be true"},
      {with({"--databases-a-fallback", "b"}), {}, "--databases-a-fallback: found b, expected the name of another database"},
      {with({"--databases-a-fallback", "a"}), {}, "--databases-a-fallback: found a, expected the name of another database"},
      {with({"--databases-a-fallback", "storage", "--storage-read-only", "--storage-fallback", "a"}),
       {},
       "--storage-fallback: found a, expected a database that has no fallback itself"},
      {{"worker", "--join", "[::1]:1", "--storage-read-only"},
       {"TROUPE_STORAGE_FALLBACK=storage"},
       "TROUPE_STORAGE_FALLBACK: found storage, expected the name of another database"},
  });
}

TEST(databases, without_a_url_are_refused_where_they_are_named) {
  expect_refused({
      {{"gateway", "--databases-a-read-only"},
       {},
       "--databases-a-read-only: the database a has no URL, expected one as databases.a.url"},
      {{"gateway", "--databases-reports-url", "sqlite:a"},
       {"TROUPE_DATABASES_REPROTS_MAX_BATCH=1"},
       "TROUPE_DATABASES_REPROTS_MAX_BATCH: the database reprots has no URL, did you mean reports?"},
  });
  EXPECT_EQ(error_of_file("[databases.a]\n"), "FILE:1: the database a has no URL, expected one as databases.a.url");
}

TEST(databases, with_bad_names_are_refused) {
  const std::string long_name(33, 'a');
  expect_refused({
      {{"gateway", "--databases-1-url", "sqlite:a"},
       {},
       "--databases-1-url: found the name \"1\", expected " + a_database_name},
      {{"gateway", "--databases-storage-url=sqlite:a"},
       {},
       "--databases-storage-url: found the name \"storage\", expected " + a_database_name},
      {{"gateway", "--databases-" + long_name + "-url=sqlite:a"},
       {},
       "--databases-" + long_name + "-url: found the name \"" + long_name + "\", expected " + a_database_name},
      {{"gateway"},
       {"TROUPE_DATABASES__A_URL=sqlite:a"},
       "TROUPE_DATABASES__A_URL: found the name \"_a\", expected " + a_database_name},
  });
  for (const std::string name : {"Reports", "a-b", "storage", "7up", "a.b", "\u00e4"})
    EXPECT_EQ(error_of_file("[databases.\"" + name + "\"]\nurl = \"sqlite:a\"\n"),
              "FILE:1: found the name \"" + name + "\", expected " + a_database_name);
  EXPECT_EQ(error_of_file("[databases.a.more]\nurl = \"sqlite:a\"\n"),
            "FILE:1: found the name \"a.more\", expected " + a_database_name);
  EXPECT_EQ(gateway({"--databases-" + std::string(32, 'a') + "-url", "sqlite:a"}).settings.databases.size(), 1U);
}

TEST(databases, with_unknown_keys_are_refused) {
  expect_refused({
      {{"gateway", "--databases-a-url", "sqlite:a", "--databases-a-max-conections", "1"},
       {},
       "--databases-a-max-conections: unknown flag of gateway, did you mean --databases-a-max-connections?"},
      {{"gateway", "--databases-A-url", "sqlite:a"},
       {},
       "--databases-A-url: unknown flag of gateway, expected one that demo gateway --help lists"},
      {{"gateway"},
       {"TROUPE_DATABASES_A_URL=sqlite:a", "TROUPE_DATABASES_A_MAX_BACH=1"},
       "TROUPE_DATABASES_A_MAX_BACH: unknown variable, did you mean TROUPE_DATABASES_A_MAX_BATCH?"},
      {{"routes", "--databases-a-url", "sqlite:a"},
       {},
       "--databases-a-url: unknown flag of routes, it belongs to gateway, worker, migrate up or migrate status"},
  });
  EXPECT_EQ(error_of_file("[databases.a]\nurl = \"sqlite:a\"\nmax_bach = 1\n"),
            "FILE:3: databases.a.max_bach: unknown key, did you mean databases.a.max_batch?");
  EXPECT_EQ(error_of_file("[databases]\nurl = \"sqlite:a\"\n"),
            "FILE:2: databases.url: found a key of no database, expected it in the section of one, such as "
            "[databases.reports]");
  EXPECT_EQ(error_of_file("[databases.a]\nurl = 7\n"),
            "FILE:2: databases.a.url: found a text without a known scheme (not shown), expected " + storage_url
                + ", in quotes");
}

TEST(databases, of_a_file_are_checked_for_the_commands_that_do_not_use_them) {
  const temporary_file bad("[databases.a]\nurl = \"sqlite:a\"\nmax_batch = 0\n");
  for (const auto* command : {"up", "status"})
    EXPECT_EQ(error_of({"migrate", command, "--config", bad.path()}),
              bad.path() + ":3: databases.a.max_batch: found 0, expected a whole number from 1 to 1000");
}

template <class Command>
Command migrated(texts arguments, const texts& environment = {}) {
  arguments.insert(arguments.begin(), "migrate");
  return std::get<Command>(run(arguments, environment));
}

TEST(databases, are_migrated_one_by_one) {
  const temporary_file file("[storage]\nurl = \"sqlite:main.db\"\n"
                            "[databases.reports]\nurl = \"sqlite:reports.db\"\nmigrations = \"reports\"\nmax_batch = 3\n");
  const auto found = migrated<migrate_up_command>(
      {"up", "--config", file.path(), "--database", "reports", "--databases-reports-connect-timeout", "9s"});
  EXPECT_EQ(found.database, "reports");
  EXPECT_EQ(found.settings.url, "sqlite:reports.db");
  EXPECT_EQ(found.settings.migrations, "reports");
  EXPECT_EQ(found.settings.connect_timeout, milliseconds{9'000});
  const auto status = migrated<migrate_status_command>({"status", "--config", file.path()});
  EXPECT_EQ(status.database, "storage");
  EXPECT_EQ(status.settings.url, "sqlite:main.db");
  EXPECT_EQ(migrated<migrate_up_command>({"up", "--database", "storage"}).database, "storage");
  const auto begun = migrated<migrate_new_command>({"new", "a", "--database=x", "--databases-x-migrations", "sql"});
  EXPECT_EQ(begun.database, "x");
  EXPECT_EQ(begun.settings.migrations, "sql");
}

TEST(databases, that_are_not_there_are_not_migrated) {
  expect_refused({
      {{"migrate", "up", "--database", "reports"},
       {},
       "--database: found \"reports\", expected one of the databases: storage"},
      {{"migrate", "status", "--database", "reprots"},
       {"TROUPE_DATABASES_REPORTS_URL=sqlite:a", "TROUPE_DATABASES_OLD_URL=sqlite:b"},
       "--database: found \"reprots\", expected one of the databases: storage, old or reports"},
      {{"migrate", "up", "--database"}, {}, "--database: found no value, expected the name of a database"},
      {{"migrate", "up", "--database", "a", "--database", "b"},
       {},
       "--database: found it 2 times, expected it once"},
      {{"gateway", "--database", "a"},
       {},
       "--database: unknown flag of gateway, it belongs to migrate up, migrate status or migrate new"},
      {{"migrate", "up", "--databases-a-url", "sqlite:a", "--databases-a-max-batch", "2"},
       {},
       "--databases-a-max-batch: unknown flag of migrate up, it belongs to gateway or worker"},
      {{"migrate", "up", "--databases-a-migrations", "sql"},
       {},
       "--databases-a-migrations: the database a has no URL, expected one as databases.a.url"},
  });
}

} // namespace
} // namespace troupe::config::test
