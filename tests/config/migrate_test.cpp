// The commands for migrations: their settings, and what is refused.
#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>

namespace troupe::config::test {
namespace {

const std::string a_name = "a name of the characters A-Z a-z 0-9 _ - such as add_users";

template <class Command>
Command migrate(texts arguments, const texts& environment = {}) {
  arguments.insert(arguments.begin(), "migrate");
  return std::get<Command>(run(arguments, environment));
}

TEST(migrate, has_the_defaults_of_a_node) {
  EXPECT_EQ(migrate<migrate_up_command>({"up"}).settings, storage_settings{});
  EXPECT_EQ(migrate<migrate_status_command>({"status"}).settings, storage_settings{});
  EXPECT_EQ(migrate<migrate_new_command>({"new", "a"}).settings, storage_settings{});
}

TEST(migrate, takes_flag_before_variable_before_file) {
  const temporary_file file("[storage]\nurl = \"sqlite:file.db\"\nmigrations = \"file\"\n"
                            "connect_timeout = \"5s\"\n");
  const texts environment{"TROUPE_STORAGE=sqlite:variable.db", "TROUPE_STORAGE_MIGRATIONS=variable",
                          "TROUPE_CONFIG=" + file.path()};
  for (const auto& settings :
       {migrate<migrate_up_command>({"up", "--storage", "sqlite:flag.db"}, environment).settings,
        migrate<migrate_status_command>({"status", "--storage=sqlite:flag.db"}, environment)
            .settings}) {
    EXPECT_EQ(settings.url, "sqlite:flag.db");
    EXPECT_EQ(settings.migrations, "variable");
    EXPECT_EQ(settings.connect_timeout, milliseconds{5'000});
  }
  const auto begun = migrate<migrate_new_command>({"new", "a", "--config", file.path()});
  EXPECT_EQ(begun.settings.migrations, "file");
}

TEST(migrate, shares_file_and_environment_with_nodes_and_checks_what_it_does_not_use) {
  const temporary_file file("[gateway]\nthreads = 2\n[worker]\njoin = [\"a:1\"]\n"
                            "[http]\nmax_headers = 50\n[storage]\nmax_connections = 9\n");
  const auto up = migrate<migrate_up_command>({"up", "--config", file.path()},
                                              {"TROUPE_JOIN=b:2", "TROUPE_LISTEN=c:3"});
  EXPECT_EQ(up.settings, storage_settings{});
  EXPECT_EQ(error_of({"migrate", "up"}, {"TROUPE_THREADS=many"}),
            "TROUPE_THREADS: found \"many\", expected a whole number from 0 to 256");
  EXPECT_EQ(error_of({"migrate", "status"}, {"TROUPE_STORAG=x"}),
            "TROUPE_STORAG: unknown variable, did you mean TROUPE_STORAGE?");
  const temporary_file bad("[worker]\njoin = 1\n");
  EXPECT_NE(error_of({"migrate", "up", "--config", bad.path()}).find("worker.join"),
            std::string::npos);
}

TEST(migrate, new_takes_every_name_of_its_characters) {
  for (const auto* name : {"a", "Add-users_2", "up", "gateway", "migrate", "7"})
    EXPECT_EQ(migrate<migrate_new_command>({"new", name}).name, name);
  EXPECT_EQ(migrate<migrate_new_command>({"new", "--storage-migrations", "sql", "a"}).name, "a");
  EXPECT_EQ(migrate<migrate_new_command>({"new", "a", "--storage-migrations=sql"}).name, "a");
}

TEST(migrate, new_refuses_other_names) {
  EXPECT_EQ(error_of({"migrate", "new"}), "migrate new: found no name, expected " + a_name);
  EXPECT_EQ(error_of({"migrate", "new", ""}),
            "migrate new: found an empty value, expected " + a_name);
  for (const std::string name : {"a b", "a.b", "../a", "a/b", "a.sqlite", "[a]", "\u00e4", "{}"})
    EXPECT_EQ(error_of({"migrate", "new", name}),
              "migrate new: found \"" + name + "\", expected " + a_name);
  EXPECT_EQ(error_of({"migrate", "new", "postgres://u:pw@h/db"}),
            "migrate new: found \"postgres://u:****@h/db\", expected " + a_name);
}

struct refused {
  texts arguments;
  std::string error;
};

TEST(migrate, refuses_what_is_no_command_of_it) {
  const std::vector<refused> cases{
      {{"migrate"}, "migrate: found no command, expected up, status or new"},
      {{"migrate", "down"}, "\"down\": unknown command of migrate, expected up, status or new"},
      {{"migrate", "statu"}, "\"statu\": unknown command of migrate, did you mean status?"},
      {{"migrate", "gateway"},
       "\"gateway\": unknown command of migrate, expected up, status or new"},
      {{"migrate", "--frobnicate", "up"},
       "--frobnicate: unknown flag of migrate, expected a command: up, status or new"},
      {{"migrate", "--storage-migrations", "sql", "up"},
       "--storage-migrations: found it before the command, expected it after gateway, worker, "
       "migrate up, migrate status or migrate new"},
      {{"--storage-migrations", "sql", "migrate", "up"},
       "--storage-migrations: found it before the command, expected it after gateway, worker, "
       "migrate up, migrate status or migrate new"},
      {{"up"}, "\"up\": unknown command, expected gateway, worker, routes, nodes, actors, drain, migrate or cert"},
      {{"migrat", "up"}, "\"migrat\": unknown command, did you mean migrate?"},
  };
  for (const auto& [arguments, error] : cases)
    EXPECT_EQ(error_of(arguments), error);
}

TEST(migrate, refuses_flags_that_it_does_not_need) {
  const std::vector<refused> cases{
      {{"migrate", "up", "--threads", "1"},
       "--threads: unknown flag of migrate up, it belongs to gateway or worker"},
      {{"migrate", "up", "--check-config"},
       "--check-config: unknown flag of migrate up, it belongs to gateway or worker"},
      {{"migrate", "status", "--storage-max-connections", "1"},
       "--storage-max-connections: unknown flag of migrate status, it belongs to gateway or "
       "worker"},
      {{"migrate", "status", "--log-level", "info"},
       "--log-level: unknown flag of migrate status, it belongs to gateway or worker"},
      {{"migrate", "new", "a", "--storage", "sqlite:a.db"},
       "--storage: unknown flag of migrate new, it belongs to gateway, worker, migrate up or "
       "migrate status"},
      {{"migrate", "up", "--frobnicate"},
       "--frobnicate: unknown flag of migrate up, expected one that demo migrate up --help lists"},
      {{"migrate", "new", "-a"},
       "-a: unknown flag of migrate new, expected one that demo migrate new --help lists"},
      {{"migrate", "up", "now"},
       "migrate up: found \"now\", expected only flags, which start with --"},
      {{"migrate", "up", "status"},
       "migrate up: found \"status\", expected only flags, which start with --"},
      {{"migrate", "new", "a", "b"},
       "migrate new: found \"b\", expected only flags, which start with --"},
      {{"migrate", "up", "--storage"}, "--storage: found no value, expected " + storage_url},
      {{"migrate", "up", "--storage", "sqlite:a", "--storage", "sqlite:b"},
       "--storage: found it 2 times, expected it once"},
      {{"migrate", "up", "--storage", "mysql://u:pw@h/db"},
       "--storage: found \"mysql://u:****@h/db\", expected " + storage_url},
      {{"migrate", "status", "--storage", "sqlite::memory:"},
       "--storage: found sqlite::memory:, expected a database in a file such as sqlite:troupe.db"},
  };
  for (const auto& [arguments, error] : cases)
    EXPECT_EQ(error_of(arguments), error);
}

} // namespace
} // namespace troupe::config::test
