#include "config/describe.hpp"
#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>

namespace troupe::config::test {
namespace {

TEST(describe, prints_what_can_be_read_back) {
  const auto first =
      gateway({"--listen", "[::1]:0", "--threads", "3", "--no-local-workers", "--storage",
               R"(sqlite:a "quoted" \ path#1.db)", "--http-max-body-bytes", "1000",
               "--http-idle-timeout", "90s", "--log-format", "json", "--access-log", "false", "--http-trusted-proxies",
               "10.0.0.0/8", "--http-trusted-proxies", "::1", "--http-proxy-protocol", "on",
               "--http-forwarded", "x-forwarded"});
  EXPECT_NE(first.settings, gateway_settings{});
  const temporary_file file(describe(first));
  EXPECT_EQ(gateway({"--config", file.path()}).settings, first.settings);
}

TEST(describe, prints_a_worker_that_can_be_read_back) {
  const auto first =
      worker({"--join", "[::1]:4242", "--name", "w-1", "--storage-migrations", "sql"});
  const temporary_file file(describe(first));
  const auto second = std::get<worker_command>(run({"worker", "--config", file.path()}));
  EXPECT_EQ(second.settings, first.settings);
  EXPECT_EQ(second.settings.join.size(), 2U);
}

TEST(describe, says_where_each_value_came_from) {
  const temporary_file file("[gateway]\nthreads = 1\n");
  const auto text = describe(
      gateway({"--config", file.path(), "--admin", "localhost:9"}, {"TROUPE_LOG_LEVEL=warn"}));
  const auto line_of = [&](const std::string& start) {
    const auto at = text.find('\n' + start) + 1;
    return text.substr(at, text.find('\n', at) - at);
  };
  EXPECT_EQ(line_of("threads"), "threads = 1                              # " + file.path() + ":2");
  EXPECT_EQ(line_of("admin"), "admin = \"localhost:9\"                    # flag --admin");
  EXPECT_EQ(line_of("level"),
            "level = \"warn\"                           # environment TROUPE_LOG_LEVEL");
  EXPECT_EQ(line_of("format"), "format = \"auto\"                          # default");
  EXPECT_TRUE(text.ends_with("\n# configuration is valid\n"));
}

TEST(describe, masks_secrets) {
  const auto text =
      describe(gateway({"--storage", "postgres://me:hush1@h/db?password=hush2&sslmode=require"}));
  EXPECT_NE(text.find(R"(url = "postgres://me:****@h/db?password=****&sslmode=require")"),
            std::string::npos);
  EXPECT_EQ(text.find("hush"), std::string::npos);
}

TEST(describe, does_not_show_a_token) {
  const auto text = describe(gateway({}, {"TROUPE_ADMIN_TOKEN=hush-hush-hush-hush"}));
  EXPECT_NE(text.find(R"(admin_token = "****")"), std::string::npos) << text;
  EXPECT_EQ(text.find("hush"), std::string::npos);
  EXPECT_NE(describe(gateway({})).find(R"(admin_token = "" )"), std::string::npos);
}

TEST(describe, takes_settings_of_unknown_origin) {
  EXPECT_NE(describe(gateway_command{}).find("# default"), std::string::npos);
}

} // namespace
} // namespace troupe::config::test
