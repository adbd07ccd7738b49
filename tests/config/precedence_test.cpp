#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>

namespace troupe::config::test {
namespace {

TEST(precedence, is_flag_then_environment_then_file_then_default) {
  const temporary_file file("[gateway]\nthreads = 1\n");
  const texts variable{"TROUPE_THREADS=2"};
  const texts config{"--config", file.path()};
  auto all = config;
  all.insert(all.end(), {"--threads", "3"});

  EXPECT_EQ(gateway({}).settings.threads, 0U);
  EXPECT_EQ(gateway(config).settings.threads, 1U);
  EXPECT_EQ(gateway(config, variable).settings.threads, 2U);
  EXPECT_EQ(gateway(all, variable).settings.threads, 3U);
  EXPECT_EQ(gateway({"--threads", "3"}, variable).settings.threads, 3U);
}

TEST(precedence, is_told_by_the_origin_of_each_setting) {
  const temporary_file file("[gateway]\nthreads = 1\n[http]\nmax_headers = 9\n");
  const auto result =
      gateway({"--config", file.path(), "--admin", "localhost:0"}, {"TROUPE_THREADS=2"});
  EXPECT_EQ(result.from.at("gateway.admin").from, source::flag);
  EXPECT_EQ(result.from.at("gateway.admin").place, "--admin");
  EXPECT_EQ(result.from.at("gateway.threads").from, source::environment);
  EXPECT_EQ(result.from.at("gateway.threads").place, "TROUPE_THREADS");
  EXPECT_EQ(result.from.at("http.max_headers").from, source::file);
  EXPECT_EQ(result.from.at("http.max_headers").place, file.path() + ":4");
  EXPECT_EQ(result.from.at("log.level").from, source::built_in);
}

TEST(precedence, replaces_a_list_as_a_whole) {
  const temporary_file file("[worker]\ncluster_insecure = true\njoin = [\"a:1\", 'b:2']\n");
  const auto joined = [&](texts more, const texts& environment) {
    texts flags{"worker", "--config", file.path()};
    flags.insert(flags.end(), more.begin(), more.end());
    return std::get<worker_command>(run(flags, environment)).settings.join;
  };
  EXPECT_EQ(joined({}, {}), (std::vector<endpoint>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(joined({}, {"TROUPE_JOIN=c:3,[::1]:4"}), (std::vector<endpoint>{{"c", 3}, {"::1", 4}}));
  EXPECT_EQ(joined({"--join", "d:5", "--join=e:6"}, {"TROUPE_JOIN=c:3"}),
            (std::vector<endpoint>{{"d", 5}, {"e", 6}}));
}

TEST(precedence, lets_an_empty_variable_empty_a_list_that_may_be_empty) {
  const temporary_file file("[http]\ntrusted_proxies = [\"::1\", \"10.0.0.0/8\"]\n");
  const auto trusted = [&](const texts& environment) {
    return gateway({"--config", file.path()}, environment).settings.http.trusted_proxies.size();
  };
  EXPECT_EQ(trusted({}), 2U);
  EXPECT_EQ(trusted({"TROUPE_HTTP_TRUSTED_PROXIES=127.0.0.1"}), 1U);
  EXPECT_EQ(trusted({"TROUPE_HTTP_TRUSTED_PROXIES="}), 0U);
}

TEST(precedence, lets_a_switch_be_turned_back) {
  const temporary_file file("[gateway]\nlocal_workers = false\ncluster_insecure = true\n");
  const auto result =
      gateway({"--config", file.path(), "--no-local-workers=false", "--cluster-insecure=false"});
  EXPECT_TRUE(result.settings.local_workers);
  EXPECT_FALSE(result.settings.cluster_insecure);
}

TEST(precedence, takes_the_file_of_the_flag_rather_than_of_the_variable) {
  const temporary_file one("[gateway]\nthreads = 1\n");
  const temporary_file two("[gateway]\nthreads = 2\n");
  const texts variable{"TROUPE_CONFIG=" + two.path()};
  EXPECT_EQ(gateway({}, variable).settings.threads, 2U);
  EXPECT_EQ(gateway({"--config", one.path()}, variable).settings.threads, 1U);
}

TEST(precedence, reads_only_the_environment_that_is_passed_and_only_its_own_names) {
  EXPECT_EQ(gateway({}, {"HOME=/root", "THREADS=7", "broken", "TROUPE_TEST_POSTGRES=x"}).settings,
            gateway_settings{});
  const char* const argv[] = {"demo", "gateway", nullptr};
  const auto result = parse({"demo", "1", ""}, 2, argv, nullptr);
  EXPECT_EQ(std::get<gateway_command>(result).settings, gateway_settings{});
}

TEST(precedence, lets_both_roles_share_a_file_and_an_environment) {
  const temporary_file file(
      "[gateway]\nthreads = 1\n[worker]\nthreads = 2\njoin = ['a:1']\n[log]\nlevel = 'warn'\n");
  const auto served =
      gateway({"--config", file.path()}, {"TROUPE_NAME=w1", "TROUPE_LISTEN=localhost:1"});
  EXPECT_EQ(served.settings.threads, 1U);
  EXPECT_EQ(served.settings.log.level, log_level::warn);
  const auto joined =
      worker({"--config", file.path()}, {"TROUPE_NAME=w1", "TROUPE_LISTEN=localhost:1"});
  EXPECT_EQ(joined.settings.threads, 2U);
  EXPECT_EQ(joined.settings.name, "w1");
}

} // namespace
} // namespace troupe::config::test
