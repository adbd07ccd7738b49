#include "config/detail/definition.hpp"
#include "config/detail/values.hpp"
#include "config/version.hpp"
#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>

namespace troupe::config::test {
namespace {

std::string text_of(const texts& arguments) {
  const auto result = std::get<text_to_print>(run(arguments));
  EXPECT_EQ(result.exit_code, 0);
  return result.text;
}

void expect_all_listed(const std::string& help, const std::vector<detail::setting>& settings) {
  for (const auto& target : settings) {
    const auto default_value = to_text(target);
    for (const auto& part : {flag_of(*target.what), variable_of(*target.what), key_of(*target.what),
                             std::string(target.what->help), hint(target),
                             "default " + (default_value.empty() ? "none" : default_value)})
      if (target.what->form == detail::flag_form::value || part != "BOOL")
        EXPECT_NE(help.find(part), std::string::npos) << part;
  }
}

TEST(help, of_a_role_lists_every_setting_with_its_names_and_default) {
  gateway_settings gateway;
  worker_settings worker;
  expect_all_listed(text_of({"gateway", "--help"}), detail::settings_of(gateway));
  expect_all_listed(text_of({"worker", "-h"}), detail::settings_of(worker));
}

TEST(help, of_the_application_lists_the_commands) {
  const auto help = text_of({"--help"});
  for (const auto* part : {"A demo.", "demo [OPTIONS]", "gateway", "worker", "routes", "migrate", "--version"})
    EXPECT_NE(help.find(part), std::string::npos) << part;
}

TEST(help, of_migrate_lists_its_commands_and_of_each_the_settings_that_it_takes) {
  for (const auto* part : {"up", "status", "new"})
    EXPECT_NE(text_of({"migrate", "--help"}).find(part), std::string::npos) << part;
  detail::database_settings storage;
  for (const auto* command : {"up", "status"})
    expect_all_listed(text_of({"migrate", command, "--help"}),
                      detail::settings_of_migrations(storage));
  const auto begin = text_of({"migrate", "new", "--help"});
  expect_all_listed(begin, detail::settings_of_folders(storage));
  EXPECT_NE(begin.find("NAME"), std::string::npos);
  for (const auto* command : {"up", "status", "new"})
    EXPECT_NE(text_of({"migrate", command, "--help"}).find("--database NAME"), std::string::npos);
  EXPECT_EQ(text_of({"gateway", "--help"}).find("--database NAME"), std::string::npos);
  for (const auto* other : {"--check-config", "--threads", "--log-level"})
    EXPECT_EQ(text_of({"migrate", "up", "--help"}).find(other), std::string::npos) << other;
}

TEST(help, says_how_settings_of_further_databases_are_named) {
  EXPECT_NE(text_of({"gateway", "--help"}).find("--databases-NAME-url"), std::string::npos);
  const auto named = text_of({"gateway", "--databases-old-reports-url", "sqlite:a.db", "--help"});
  for (const auto* part : {"[databases.old_reports]", "--databases-old-reports-max-batch",
                           "TROUPE_DATABASES_OLD_REPORTS_MAX_BATCH", "databases.old_reports.max_batch"})
    EXPECT_NE(named.find(part), std::string::npos) << part;
}

TEST(help, needs_no_valid_configuration) {
  EXPECT_NE(text_of({"worker", "--help"}).find("--join"), std::string::npos);
  EXPECT_NE(text_of({"routes", "--help"}).find("routes"), std::string::npos);
}

TEST(version, names_application_and_framework) {
  EXPECT_EQ(text_of({"--version"}),
            "demo 1.2.3 (troupe " + std::string(framework_version()) + ")\n");
}

TEST(routes, is_a_command_without_settings) {
  EXPECT_TRUE(std::holds_alternative<routes_command>(run({"routes"})));
}

TEST(check_config, is_a_flag_of_both_roles) {
  EXPECT_FALSE(gateway({}).check_only);
  EXPECT_TRUE(gateway({"--check-config"}).check_only);
  EXPECT_TRUE(worker({"--check-config"}).check_only);
}

} // namespace
} // namespace troupe::config::test
