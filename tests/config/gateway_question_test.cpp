// The commands that ask a running gateway: their settings, and what is refused.
#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>

namespace troupe::config::test {
namespace {

using subject = gateway_question::subject;

gateway_question asked(const texts& arguments, const texts& environment = {}) {
  return std::get<gateway_question>(run(arguments, environment));
}

TEST(gateway_question, has_the_defaults_of_the_gateway) {
  const auto nodes = asked({"nodes"});
  EXPECT_EQ(nodes.about, subject::nodes);
  EXPECT_EQ(nodes.admin, gateway_settings{}.admin);
  EXPECT_EQ(nodes.admin_token, "");
  EXPECT_FALSE(nodes.json);
  EXPECT_EQ(nodes.watch, std::nullopt);
  EXPECT_EQ(asked({"actors"}).about, subject::actors);
}

TEST(gateway_question, takes_flag_before_variable_before_file) {
  const temporary_file file("[gateway]\nadmin = \"file:1\"\nadmin_token = \"of-the-file-0123456\"\n"
                            "threads = 2\n[worker]\njoin = [\"a:1\"]\n");
  const texts environment{"TROUPE_ADMIN=variable:2", "TROUPE_CONFIG=" + file.path(), "TROUPE_THREADS=3"};
  EXPECT_EQ(asked({"nodes", "--config", file.path()}).admin, (endpoint{"file", 1}));
  EXPECT_EQ(asked({"nodes"}, environment).admin, (endpoint{"variable", 2}));
  EXPECT_EQ(asked({"nodes"}, environment).admin_token, "of-the-file-0123456");
  EXPECT_EQ(asked({"nodes", "--admin", "flag:3"}, environment).admin, (endpoint{"flag", 3}));
}

TEST(gateway_question, about_a_node_names_it) {
  const auto drain = asked({"drain", "worker-1", "--json"});
  EXPECT_EQ(drain.about, subject::drain);
  EXPECT_EQ(drain.node, "worker-1");
  EXPECT_TRUE(drain.json);
  const std::string wanted = "the name of a worker node, as nodes prints it";
  EXPECT_EQ(error_of({"drain"}), "drain: found no node, expected " + wanted);
  EXPECT_EQ(error_of({"drain", "--json"}), "drain: found no node, expected " + wanted);
  EXPECT_EQ(error_of({"drain", "a", "b"}), "drain: found \"b\", expected only flags, which start with --");
  EXPECT_EQ(error_of({"drain", "a", "--watch"}),
            "--watch: unknown flag of drain, it belongs to routes, nodes or actors");
}

TEST(gateway_question, is_asked_again_after_seconds) {
  EXPECT_EQ(asked({"nodes", "--watch"}).watch, 2U);
  EXPECT_EQ(asked({"nodes", "--watch", "7"}).watch, 7U);
  EXPECT_EQ(asked({"nodes", "--watch=3600"}).watch, 3600U);
  EXPECT_EQ(asked({"nodes", "--watch", "--json"}).watch, 2U);
  for (const std::string wrong : {"x", "0", "-1", "1.5", "3601", "2s", "99999999999"})
    EXPECT_EQ(error_of({"nodes", "--watch=" + wrong}),
              "--watch: found \"" + wrong + "\", expected nothing, or whole seconds from 1 to 3600");
  EXPECT_EQ(error_of({"nodes", "--watch="}), "--watch: found an empty value, expected seconds");
  EXPECT_EQ(error_of({"nodes", "--watch", "1", "--watch", "2"}), "--watch: found it 2 times, expected it once");
}

TEST(gateway_question, about_routes_needs_the_flag_that_says_of_which_gateway) {
  const auto routes = asked({"routes", "--admin", "a:1", "--watch"});
  EXPECT_EQ(routes.about, subject::routes);
  EXPECT_EQ(routes.admin, (endpoint{"a", 1}));
  EXPECT_TRUE(std::holds_alternative<routes_command>(run({"routes"}, {"TROUPE_ADMIN=a:1"})));
  for (const auto& flags : std::vector<texts>{{"--json"}, {"--watch"}, {"--admin-token", "0123456789abcdef"},
                                              {"--config", "none.toml"}}) {
    texts arguments{"routes"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    EXPECT_EQ(error_of(arguments), flags[0] + ": found it without --admin, expected --admin HOST:PORT of a "
                                              "running gateway as well");
  }
}

TEST(gateway_question, refuses_what_is_no_address_of_a_gateway) {
  EXPECT_EQ(error_of({"nodes", "--admin", "a:0"}), "--admin: found \"a:0\", expected " + real_port);
  EXPECT_EQ(error_of({"nodes", "--admin-token", "short"}).find("short"), std::string::npos) << "a secret";
  EXPECT_EQ(error_of({"nodes", "--listen", "a:1"}), "--listen: unknown flag of nodes, it belongs to gateway");
  EXPECT_EQ(error_of({"nodes", "worker-1"}), "nodes: found \"worker-1\", expected only flags, which start with --");
}

} // namespace
} // namespace troupe::config::test
