// Every bad configuration gets one line that names its place, what was found and what is expected,
// and exit code 2. Run through the real program, so nothing is between the user and the line.
#include "tests/support/child_process.hpp"
#include "tests/support/node.hpp"
#include "tests/support/temp_directory.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::test {
namespace {

struct bad {
  const char* what;
  std::vector<std::string> arguments;
  /// Texts that the line must hold.
  std::vector<const char*> says;
  std::map<std::string, std::string> environment = {};
  /// The content of node.toml in the folder where the program runs.
  const char* file = "";
};

void PrintTo(const bad& row, std::ostream* out) {
  *out << row.what;
}

class BadConfiguration : public testing::TestWithParam<bad> {};

TEST_P(BadConfiguration, GetsOneLineAndExit2) {
  const auto& row = GetParam();
  temp_directory folder;
  folder.write("node.toml", row.file);
  std::filesystem::create_directory(folder.path() / "folder");
  auto result = run_to_end(
      {program_path("troupe-demo").string(), row.arguments, row.environment, folder.path()});
  EXPECT_EQ(result.status, (exit_status{2, 0})) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  for (const char* text : row.says)
    EXPECT_NE(result.err.find(text), std::string::npos)
        << "\"" << text << "\" is not in: " << result.err;
}

const std::vector<std::string> with_file{"gateway", "--config", "node.toml"};

const std::vector<bad> on_the_command_line{
    {"no command", {}, {"no command", "gateway", "worker", "routes"}},
    {"an unknown command", {"gatway"}, {"gatway", "unknown command", "gateway"}},
    {"an unknown flag",
     {"gateway", "--lisen", "127.0.0.1:1"},
     {"--lisen", "unknown flag", "--listen"}},
    {"a flag of another command", {"gateway", "--join", "127.0.0.1:1"}, {"--join", "worker"}},
    {"a word that is no flag", {"gateway", "now"}, {"now", "expected", "flags"}},
    {"a flag before the command",
     {"--threads", "1", "gateway"},
     {"--threads", "before the command"}},
    {"a flag without its value", {"gateway", "--listen"}, {"--listen", "no value", "HOST:PORT"}},
    {"a flag given twice",
     {"gateway", "--threads", "1", "--threads", "2"},
     {"--threads", "2 times", "once"}},
    {"an address without a port",
     {"gateway", "--listen", "127.0.0.1"},
     {"--listen", "\"127.0.0.1\"", "expected HOST:PORT"}},
    {"a port out of range",
     {"gateway", "--admin", "127.0.0.1:70000"},
     {"--admin", "70000", "65535"}},
    {"an address that is none",
     {"gateway", "--cluster", "256.0.0.1:1"},
     {"--cluster", "256.0.0.1:1", "expected HOST:PORT"}},
    {"two listeners on one address",
     {"gateway", "--listen", "127.0.0.1:7001", "--admin", "127.0.0.1:7001"},
     {"--admin", "127.0.0.1:7001", "--listen"}},
    {"a cluster address that others reach",
     {"gateway", "--cluster", "0.0.0.0:4242"},
     {"--cluster", "0.0.0.0:4242", "--cluster-insecure"}},
    {"a gateway on another machine without TLS",
     {"worker", "--join", "10.0.0.1:4242"},
     {"--join", "10.0.0.1:4242", "cluster.certificate", "--cluster-insecure"}},
    {"a node certificate without an authority",
     {"gateway", "--cluster-certificate", "node.pem"},
     {"--cluster-certificate", "without cluster.ca"}},
    {"a node certificate that is not there",
     {"gateway", "--cluster-certificate", "node.pem", "--cluster-ca", "ca.pem", "--log-level", "error"},
     {"cluster.certificate", "node.pem", "No such file"}},
    {"an admin address that others reach",
     {"gateway", "--admin", "0.0.0.0:8081"},
     {"--admin", "0.0.0.0:8081", "TROUPE_ADMIN_TOKEN"}},
    {"HSTS without TLS",
     {"gateway", "--tls-hsts-max-age", "1h"},
     {"--tls-hsts-max-age", "without TLS", "--tls-self-signed"}},
    {"client certificates of nobody",
     {"gateway", "--tls-self-signed", "--tls-client-certificate", "required"},
     {"--tls-client-certificate", "tls.client_ca"}},
    {"a PROXY header from anybody",
     {"gateway", "--http-proxy-protocol", "on"},
     {"--http-proxy-protocol", "trusted", "http.trusted_proxies"}},
    {"a network that is none",
     {"gateway", "--http-trusted-proxies", "10.0.0.0/33"},
     {"--http-trusted-proxies", "10.0.0.0/33", "10.0.0.0/8"}},
    {"a number that is none",
     {"gateway", "--threads", "many"},
     {"--threads", "\"many\"", "expected a whole number from 0 to 256"}},
    {"a number out of range", {"gateway", "--threads", "257"}, {"--threads", "257", "0 to 256"}},
    {"a negative number",
     {"gateway", "--storage-max-connections", "-1"},
     {"--storage-max-connections", "-1", "1 to 1000"}},
    {"a duration without a unit",
     {"gateway", "--drain-timeout", "10"},
     {"--drain-timeout", "\"10\"", "10s"}},
    {"a duration out of range",
     {"gateway", "--http-head-timeout", "1ms"},
     {"--http-head-timeout", "1ms", "10ms to 1h"}},
    {"a size with a wrong unit",
     {"gateway", "--http-max-header-bytes", "16KB"},
     {"--http-max-header-bytes", "16KB", "16KiB"}},
    {"a truth value that is none",
     {"gateway", "--access-log", "maybe"},
     {"--access-log", "maybe", "true or false"}},
    {"a log level that is none",
     {"gateway", "--log-level", "loud"},
     {"--log-level", "loud", "trace", "error"}},
    {"a log format that is none",
     {"gateway", "--log-format", "xml"},
     {"--log-format", "xml", "json"}},
    {"a database that is not known",
     {"gateway", "--storage", "mysql://host/db"},
     {"--storage", "mysql:", "sqlite:PATH", "postgres://"}},
    {"an empty value", {"gateway", "--storage="}, {"--storage", "empty", "sqlite:PATH"}},
    {"a worker without a gateway", {"worker"}, {"--join", "HOST:PORT"}},
    {"a gateway joined twice",
     {"worker", "--join", "127.0.0.1:1", "--join", "127.0.0.1:1"},
     {"--join", "127.0.0.1:1", "once"}},
    {"a port that cannot be joined",
     {"worker", "--join", "127.0.0.1:0"},
     {"--join", "127.0.0.1:0", "1 to 65535"}},
    {"a name that is none",
     {"worker", "--join", "127.0.0.1:1", "--name", "my node"},
     {"--name", "my node", "A-Z"}},
};

const std::vector<bad> in_the_environment{
    {"a variable with a bad value",
     {"gateway"},
     {"TROUPE_HTTP_MAX_BODY_BYTES", "much", "1GiB"},
     {{"TROUPE_HTTP_MAX_BODY_BYTES", "much"}}},
    {"an unknown variable",
     {"gateway"},
     {"TROUPE_LISTENN", "unknown variable", "TROUPE_LISTEN"},
     {{"TROUPE_LISTENN", "127.0.0.1:1"}}},
    {"a bad element of a list",
     {"worker"},
     {"TROUPE_JOIN", "nowhere", "HOST:PORT"},
     {{"TROUPE_JOIN", "127.0.0.1:1,nowhere"}}},
    {"a variable that a flag hides",
     {"gateway", "--threads", "1"},
     {"TROUPE_THREADS", "\"x\"", "0 to 256"},
     {{"TROUPE_THREADS", "x"}}},
};

const std::vector<bad> in_the_file{
    {"a file that does not exist",
     {"gateway", "--config", "missing.toml"},
     {"--config", "missing.toml", "No such file"}},
    {"a folder instead of a file",
     {"gateway", "--config", "folder"},
     {"--config", "\"folder\"", "readable TOML file"}},
    {"a file named by a variable that does not exist",
     {"gateway"},
     {"TROUPE_CONFIG", "missing.toml"},
     {{"TROUPE_CONFIG", "missing.toml"}}},
    {"a line that is no TOML",
     with_file,
     {"node.toml:2:", "expected '='"},
     {},
     "[gateway]\nlisten 1\n"},
    {"a text that does not end",
     with_file,
     {"node.toml:2:", "expected"},
     {},
     "[gateway]\nlisten = \"1\n"},
    {"an unknown section", with_file, {"node.toml:2:", "[gate]", "gateway"}, {}, "\n[gate]\n"},
    {"an unknown key",
     with_file,
     {"node.toml:2:", "http.max_header", "unknown key", "http.max_headers"},
     {},
     "[http]\nmax_header = 1\n"},
    {"a key in no section", with_file, {"node.toml:1:", "threads", "section"}, {}, "threads = 1\n"},
    {"a number in quotes",
     with_file,
     {"node.toml:2: gateway.threads", "\"2\"", "whole number", "without quotes"},
     {},
     "[gateway]\nthreads = \"2\"\n"},
    {"a duration without quotes",
     with_file,
     {"node.toml:2: http.idle_timeout", "60", "in quotes"},
     {},
     "[http]\nidle_timeout = 60\n"},
    {"a value out of range",
     with_file,
     {"node.toml:4: storage.max_connections", "0", "1 to 1000"},
     {},
     "# comment\n\n[storage]\nmax_connections = 0\n"},
    {"a key given twice",
     with_file,
     {"node.toml:3:", "log.level", "line 2"},
     {},
     "[log]\nlevel = \"info\"\nlevel = \"warn\"\n"},
    {"a list that is none",
     {"worker", "--config", "node.toml"},
     {"node.toml:2: worker.join", "list"},
     {},
     "[worker]\njoin = \"127.0.0.1:1\"\n"},
    {"a byte that is no text", with_file, {"node.toml:2:", "0xff", "UTF-8"}, {}, "[log]\n\xff\n"},
    {"a database in memory",
     with_file,
     {"node.toml:2: storage.url", "sqlite::memory:"},
     {},
     "[storage]\nurl = \"sqlite::memory:\"\nmax_connections = 1\n"},
};

std::string case_name(const testing::TestParamInfo<bad>& info) {
  std::string name = info.param.what;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(OnTheCommandLine, BadConfiguration, testing::ValuesIn(on_the_command_line),
                         case_name);
INSTANTIATE_TEST_SUITE_P(InTheEnvironment, BadConfiguration, testing::ValuesIn(in_the_environment),
                         case_name);
INSTANTIATE_TEST_SUITE_P(InTheFile, BadConfiguration, testing::ValuesIn(in_the_file), case_name);

// A password in a line that ends up in a log would be a leak.
TEST(BadConfigurationLine, DoesNotShowAPassword) {
  auto short_token = run_to_end(
      {program_path("troupe-demo").string(), {"gateway", "--admin-token", "hidden"}, {}, {}});
  EXPECT_EQ(short_token.status, (exit_status{2, 0}));
  EXPECT_EQ(short_token.err.find("hidden"), std::string::npos) << short_token.err;
  for (const char* url :
       {"mysql://me:hidden@host/db", "postgres://", "postgre://me:hidden@host/db"}) {
    auto result =
        run_to_end({program_path("troupe-demo").string(), {"gateway", "--storage", url}, {}, {}});
    EXPECT_EQ(result.status, (exit_status{2, 0}));
    EXPECT_EQ(result.err.find("hidden"), std::string::npos) << result.err;
  }
}

// What only the start can find out is told in the same form.
TEST(BadConfigurationLine, NamesAMigrationsFolderThatDoesNotExist) {
  temp_directory folder;
  auto result = run_to_end({program_path("troupe-demo").string(),
                            {"gateway", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                             "--cluster", "127.0.0.1:0", "--storage-migrations", "no-such-folder"},
                            {},
                            folder.path()});
  EXPECT_EQ(result.status, (exit_status{2, 0})) << result.err;
  EXPECT_NE(result.err.find("no-such-folder"), std::string::npos) << result.err;
}

TEST(BadConfigurationLine, NamesACertificateThatCannotBeUsed) {
  temp_directory folder;
  folder.write("junk.pem", "junk");
  for (const char* file : {"junk.pem", "no-such-file.pem"}) {
    auto result = run_to_end({program_path("troupe-demo").string(),
                              {"gateway", "--listen", "127.0.0.1:0", "--tls-certificates", file},
                              {},
                              folder.path()});
    EXPECT_EQ(result.status, (exit_status{2, 0})) << result.err;
    EXPECT_NE(result.err.find(std::string{"tls.certificates: found "} + file), std::string::npos)
        << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(BadConfigurationLine, NamesADatabaseFileThatCannotBeOpened) {
  temp_directory folder;
  auto result = run_to_end({program_path("troupe-demo").string(),
                            {"gateway", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                             "--cluster", "127.0.0.1:0", "--storage", "sqlite:no/such/folder.db"},
                            {},
                            folder.path()});
  EXPECT_EQ(result.status, (exit_status{2, 0})) << result.err;
  EXPECT_NE(result.err.find("no/such/folder.db"), std::string::npos) << result.err;
}

} // namespace
} // namespace troupe::test
