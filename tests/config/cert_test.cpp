// The commands for certificates: their flags, and what is refused.
#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>

namespace troupe::config::test {
namespace {

const std::string a_node_name =
    "a name of 1 to 64 of the characters A-Z a-z 0-9 . _ -, the first a letter or a digit, other than ca";

TEST(cert, init_takes_a_folder) {
  EXPECT_EQ(std::get<cert_init_command>(run({"cert", "init"})).folder, "");
  EXPECT_EQ(std::get<cert_init_command>(run({"cert", "init", "--dir", "pki"})).folder, "pki");
}

TEST(cert, issue_takes_a_name_a_folder_hosts_and_days) {
  const auto plain = std::get<cert_issue_command>(run({"cert", "issue", "w-1"}));
  EXPECT_EQ(plain.name, "w-1");
  EXPECT_EQ(plain.folder, "");
  EXPECT_EQ(plain.hosts, texts{});
  EXPECT_EQ(plain.days, 365U);
  const auto full = std::get<cert_issue_command>(run({"cert", "issue", "--host", "a.example", "--dir=pki", "0.w",
                                                      "--host=10.0.0.5", "--host", "2001:db8::1", "--days", "3650"}));
  EXPECT_EQ(full.name, "0.w");
  EXPECT_EQ(full.folder, "pki");
  EXPECT_EQ(full.hosts, (texts{"a.example", "10.0.0.5", "2001:db8::1"}));
  EXPECT_EQ(full.days, 3650U);
}

TEST(cert, reads_neither_variables_nor_files) {
  const auto made = std::get<cert_issue_command>(run({"cert", "issue", "w"}, {"TROUPE_THREADS=many", "TROUPE_DAYS=2"}));
  EXPECT_EQ(made.days, 365U);
}

struct refused_command {
  texts arguments;
  std::string error;
};

TEST(cert, refuses_what_it_cannot_use) {
  const std::string days = "expected a whole number from 1 to 3650";
  const std::string host = "expected a host name or an address such as gateway.example or 10.0.0.5";
  const std::vector<refused_command> cases{
      {{"cert"}, "cert: found no command, expected init or issue"},
      {{"cert", "renew"}, "\"renew\": unknown command of cert, expected init or issue"},
      {{"cert", "issu", "a"}, "\"issu\": unknown command of cert, did you mean issue?"},
      {{"cert", "init", "a"}, "cert init: found \"a\", expected only flags, which start with --"},
      {{"cert", "init", "--days", "1"}, "--days: unknown flag of cert init, it belongs to cert issue"},
      {{"cert", "init", "--dir"}, "--dir: found no value, expected the path of a folder"},
      {{"cert", "init", "--dir", "a", "--dir", "b"}, "--dir: found it 2 times, expected it once"},
      {{"gateway", "--dir", "a"}, "--dir: unknown flag of gateway, it belongs to cert init or cert issue"},
      {{"cert", "issue"}, "cert issue: found no name, expected " + a_node_name},
      {{"cert", "issue", "ca"}, "cert issue: found \"ca\", expected " + a_node_name},
      {{"cert", "issue", "../x"}, "cert issue: found \"../x\", expected " + a_node_name},
      {{"cert", "issue", ".x"}, "cert issue: found \".x\", expected " + a_node_name},
      {{"cert", "issue", std::string(65, 'a')}, "cert issue: found \"" + std::string(65, 'a') + "\", expected " + a_node_name},
      {{"cert", "issue", "a", "b"}, "cert issue: found \"b\", expected only flags, which start with --"},
      {{"cert", "issue", "a", "--days", "0"}, "--days: found \"0\", " + days},
      {{"cert", "issue", "a", "--days", "3651"}, "--days: found \"3651\", " + days},
      {{"cert", "issue", "a", "--days", "10d"}, "--days: found \"10d\", " + days},
      {{"cert", "issue", "a", "--days", "-1"}, "--days: found \"-1\", " + days},
      {{"cert", "issue", "a", "--host", "a,DNS:b"}, "--host: found \"a,DNS:b\", " + host},
      {{"cert", "issue", "a", "--host", "a b"}, "--host: found \"a b\", " + host},
      {{"cert", "issue", "a", "--host", "1.2.3.4/8"}, "--host: found \"1.2.3.4/8\", " + host},
      {{"cert", "issue", "a", "--cluster-ca", "x"},
       "--cluster-ca: unknown flag of cert issue, it belongs to gateway or worker"},
  };
  for (const auto& [arguments, error] : cases)
    EXPECT_EQ(error_of(arguments), error);
}

} // namespace
} // namespace troupe::config::test
