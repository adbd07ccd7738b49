// The commands that make certificates for nodes.
#include "tests/e2e/cluster_pki.hpp"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

namespace troupe::test {
namespace {

namespace fs = std::filesystem;

void expect_refusal(const finished& result, const std::string& says) {
  EXPECT_EQ(result.status, (exit_status{2, 0})) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_NE(result.err.find(says), std::string::npos) << result.err;
}

TEST(Cert, InitMakesAnAuthorityWhoseKeyOnlyTheOwnerReads) {
  cluster_pki pki;
  EXPECT_EQ(fs::status(pki.folder().path() / "ca.key").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_TRUE(read_file(pki.ca()).starts_with("-----BEGIN CERTIFICATE-----"));
}

TEST(Cert, InitWritesOverNothing) {
  cluster_pki pki;
  const auto key = read_file(pki.folder().path() / "ca.key");
  expect_refusal(pki.cert({"init"}), "ca.pem: found that file");
  fs::remove(pki.ca());
  expect_refusal(pki.cert({"init"}), "ca.key: found that file");
  EXPECT_EQ(read_file(pki.folder().path() / "ca.key"), key);
  EXPECT_FALSE(fs::exists(pki.ca()));
}

TEST(Cert, InitMakesTheFolder) {
  temp_directory folder;
  const auto inner = (folder.path() / "a" / "b").string();
  const auto result = run_to_end({program_path("troupe-demo").string(), {"cert", "init", "--dir", inner}, {}, {}});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  EXPECT_NE(result.out.find("wrote " + inner + "/ca.pem"), std::string::npos) << result.out;
  EXPECT_TRUE(fs::exists(inner + "/ca.key"));
}

TEST(Cert, IssueTellsTheFlagsToUse) {
  cluster_pki pki;
  const auto folder = pki.folder().path().string();
  const auto made = pki.cert({"issue", "w-1", "--host", "w.example", "--days", "2"});
  EXPECT_EQ(made.status, exit_status{}) << made.err;
  EXPECT_EQ(made.out, "wrote " + folder + "/w-1.pem\nwrote " + folder + "/w-1.key\nuse: --cluster-certificate " + folder
                          + "/w-1.pem --cluster-key " + folder + "/w-1.key --cluster-ca " + folder + "/ca.pem\n");
  EXPECT_EQ(fs::status(folder + "/w-1.key").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(Cert, IssueRefusesWhatItCannotDo) {
  cluster_pki pki;
  const auto first = pki.issue("twice");
  const auto key = read_file(first.key);
  expect_refusal(pki.cert({"issue", "twice"}), "twice.pem: found that file");
  EXPECT_EQ(read_file(first.key), key);
  expect_refusal(pki.cert({"issue", "a/b"}), "found \"a/b\"");
  expect_refusal(pki.cert({"issue", "w", "--days", "many"}), "--days");
  pki.folder().write("ca.key", read_file(first.key));
  expect_refusal(pki.cert({"issue", "w"}), "ca.key: found ");
  fs::remove(pki.ca());
  expect_refusal(pki.cert({"issue", "w"}), "ca.pem: found No such file or directory");
  EXPECT_FALSE(fs::exists(pki.folder().path() / "w.key"));
}

} // namespace
} // namespace troupe::test
