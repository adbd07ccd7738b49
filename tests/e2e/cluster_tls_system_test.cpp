// TLS between nodes: who gets in, who does not, and how both sides say so.
#include "tests/e2e/cluster_pki.hpp"
#include "tests/support/altering_proxy.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node_list.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <mutex>

namespace troupe::test {
namespace {

constexpr const char* reached_not = "gateway [^ ]+ cannot be reached, trying on: ";
constexpr const char* parted = "cluster: parted with 127\\.0\\.0\\.1:\\d+: ";

TEST(ClusterTls, AWorkerOfTheSameAuthorityJoinsServesAndLeaves) {
  cluster_pki pki;
  gateway front{with(with_flags({"--no-local-workers"}), pki.issue("gateway").flags())};
  worker back{front, "back", with({}, pki.issue("worker").flags())};
  ASSERT_TRUE(wait_for_nodes(front, {"back"})) << back.log_text();
  EXPECT_EQ(get(front.http_port(), "/").body, "Hello, async world!");
  const std::string large(900'000, 'x');
  http_client http{front.http_port()};
  EXPECT_TRUE(http.post_text("/echo", large, "text/plain").body == large);
  for (const auto* node : {static_cast<test::node*>(&front), static_cast<test::node*>(&back)})
    EXPECT_TRUE(node->wait_for_message("cluster over TLS: the node's certificate .+ is valid until "
                                       "\\d{4}-\\d\\d-\\d\\d"));
  EXPECT_EQ(back.stop(), exit_status{});
  EXPECT_TRUE(wait_until_gone(front, "back"));
  EXPECT_FALSE(front.wait_for_message(std::string{parted} + ".*", 0ms)) << front.log_text();
}

TEST(ClusterTls, WhatIsSaidCannotBeReadOnTheWay) {
  cluster_pki pki;
  for (const bool encrypted : {false, true}) {
    const auto flags = encrypted ? pki.issue("node").flags() : std::vector<std::string>{};
    gateway front{with({}, flags)};
    std::string said;
    std::mutex guard;
    altering_proxy between{front.ports().cluster, [&](altering_proxy::side, std::string& bytes) {
                             const std::lock_guard lock{guard};
                             said += bytes;
                           }};
    worker back{between.address(), "back", with({}, flags)};
    ASSERT_TRUE(back.joined()) << back.log_text();
    const std::lock_guard lock{guard};
    EXPECT_EQ(said.find("troupe.hello") == std::string::npos, encrypted);
  }
}

TEST(ClusterTls, TheKeyMayStandInTheFileOfTheCertificate) {
  temp_directory folder;
  certificate_authority authority{folder, "authority"};
  const auto files = authority.issue({"node", {"DNS:localhost", "IP:127.0.0.1"}});
  const std::vector<std::string> flags{"--cluster-certificate", files.both, "--cluster-ca", authority.file()};
  gateway front{with({}, flags)};
  worker back{front, "back", with({}, flags)};
  EXPECT_TRUE(wait_for_nodes(front, {"back"})) << back.log_text();
}

/// A cluster of one authority, and worker nodes that are wrong in one way each.
class RefusedByTls : public testing::Test {
protected:
  [[nodiscard]] node_files good(const std::string& title) const { return made_of(authority_.issue(wish(title))); }

  [[nodiscard]] node_files made_of(const certificate_files& files) const {
    return {files.certificate, files.key, authority_.file()};
  }

  static certificate_wish wish(const std::string& title) { return {title, {"DNS:localhost", "IP:127.0.0.1"}}; }

  /// The worker says the one thing, the gateway the other, and goes on serving others.
  void expect_refusal(const std::vector<std::string>& worker_flags, const std::string& worker_says,
                      const std::string& gateway_says, const std::vector<std::string>& gateway_flags) const {
    gateway front{with({}, gateway_flags)};
    worker wrong{front, "wrong", with({}, worker_flags)};
    EXPECT_TRUE(wrong.wait_for_message(reached_not + worker_says)) << wrong.log_text();
    if (!gateway_says.empty())
      EXPECT_TRUE(front.wait_for_message(parted + gateway_says)) << front.log_text();
    worker back{front, "back", with({}, gateway_flags)}; // a node of this cluster's kind
    EXPECT_TRUE(wait_for_nodes(front, {"back"})) << back.log_text();
    EXPECT_FALSE(find_node(front, "wrong"));
    EXPECT_EQ(get(front.http_port(), "/").status, 200);
    EXPECT_EQ(wrong.stop(), exit_status{});
  }

  void expect_refusal(const node_files& of_worker, const std::string& worker_says,
                      const std::string& gateway_says) const {
    expect_refusal(of_worker.flags(), worker_says, gateway_says, good("gateway").flags());
  }

  temp_directory folder_;
  temp_directory elsewhere_;
  certificate_authority authority_{folder_, "authority"};
  certificate_authority other_{elsewhere_, "other"};
};

TEST_F(RefusedByTls, ACertificateOfAnotherAuthority) {
  auto files = made_of(other_.issue(wish("stranger")));
  expect_refusal(files, "it refuses this node's certificate or TLS \\(.*unknown ca\\)",
                 "its certificate is refused: unable to get local issuer certificate");
}

TEST_F(RefusedByTls, AGatewayOfAnotherAuthority) {
  auto files = good("believer");
  files.ca = other_.file();
  expect_refusal(files, "its certificate is refused: (unable to get local issuer|self-signed) certificate.*",
                 "it refuses this node's certificate or TLS \\(.*unknown ca\\)");
}

TEST_F(RefusedByTls, ACertificateThatHasExpired) {
  auto expired = wish("expired");
  expired.begins = -48h;
  expired.ends = -24h;
  expect_refusal(made_of(authority_.issue(expired)),
                 "it refuses this node's certificate or TLS \\(.*certificate expired\\)",
                 "its certificate is refused: certificate has expired");
}

TEST_F(RefusedByTls, ACertificateThatIsNotValidYet) {
  auto early = wish("early");
  early.begins = 24h;
  early.ends = 48h;
  expect_refusal(made_of(authority_.issue(early)), "it refuses this node's certificate or TLS \\(.*\\)",
                 "its certificate is refused: certificate is not yet valid");
}

TEST_F(RefusedByTls, ACertificateForServersOnly) {
  auto server = wish("server");
  server.purposes = "serverAuth";
  expect_refusal(made_of(authority_.issue(server)), "it refuses this node's certificate or TLS \\(.*\\)",
                 "its certificate is refused: unsuitable certificate purpose");
}

TEST_F(RefusedByTls, AGatewayWhoseCertificateIsForClientsOnly) {
  auto client = wish("client");
  client.purposes = "clientAuth";
  gateway front{with({}, made_of(authority_.issue(client)).flags())};
  worker back{front, "back", with({}, good("worker").flags())};
  EXPECT_TRUE(back.wait_for_message(std::string{reached_not}
                                    + "its certificate is refused: unsuitable certificate purpose"))
      << back.log_text();
}

TEST_F(RefusedByTls, AGatewayWhoseCertificateIsForAnotherHost) {
  const auto files = authority_.issue({"elsewhere", {"DNS:gateway.example", "IP:192.0.2.1"}});
  gateway front{with({}, made_of(files).flags())};
  worker back{front, "back", with({}, good("worker").flags())};
  EXPECT_TRUE(back.wait_for_message(std::string{reached_not} + "its certificate is refused: IP address mismatch"))
      << back.log_text();
  worker by_name{"localhost:" + std::to_string(front.ports().cluster), "by_name", with({}, good("worker2").flags())};
  EXPECT_TRUE(by_name.wait_for_message(std::string{reached_not}
                                       + "its certificate is refused: hostname mismatch"))
      << by_name.log_text();
  EXPECT_EQ(get(front.http_port(), "/").status, 200);
}

TEST_F(RefusedByTls, AWorkerWithoutTls) {
  expect_refusal({}, "it speaks TLS, which is not set up at this end", "it does not speak TLS \\(.+\\)",
                 good("gateway").flags());
}

TEST_F(RefusedByTls, AWorkerWithTlsWhereTheGatewayHasNone) {
  expect_refusal(good("worker").flags(), "it has closed the connection during the TLS handshake",
                 "it speaks TLS, which is not set up at this end", {});
}

TEST_F(RefusedByTls, WhoSpeaksTls12Only) {
  gateway front{with({}, good("gateway").flags())};
  tls_options old;
  old.at_most_1_2 = true;
  EXPECT_THROW(http_connection(front.ports().cluster, old), connection_error);
  EXPECT_TRUE(front.wait_for_message(std::string{parted} + "TLS failed: unsupported protocol")) << front.log_text();
  EXPECT_EQ(get(front.http_port(), "/").status, 200);
}

TEST_F(RefusedByTls, WhoShowsNoCertificate) {
  gateway front{with({}, good("gateway").flags())};
  http_connection shy{front.ports().cluster, tls_options{}}; // TLS 1.3: its end is done before the gateway's
  EXPECT_TRUE(front.wait_for_message(std::string{parted} + "TLS failed: peer did not return a certificate"))
      << front.log_text();
  EXPECT_EQ(get(front.http_port(), "/").status, 200);
}

struct unusable {
  const char* what;
  node_files files;
  std::string says;
};

TEST_F(RefusedByTls, FilesThatCannotBeUsedAreOneLineAndExit2BeforeAnythingListens) {
  const auto fine = good("fine");
  const auto noise = folder_.write("noise.pem", "no PEM at all\n").string();
  const auto locked = folder_.write("locked.key", authority_.locked_key("secret")).string();
  const std::vector<unusable> all{
      {"no certificate", {"missing.pem", fine.key, fine.ca}, "cluster.certificate: found missing.pem"},
      {"no key", {fine.certificate, "missing.key", fine.ca}, "cluster.key: found missing.key"},
      {"no authority", {fine.certificate, fine.key, "missing.pem"}, "cluster.ca: found missing.pem"},
      {"noise", {noise, fine.key, fine.ca}, "cluster.certificate: found " + noise},
      {"noise as authority", {fine.certificate, fine.key, noise}, "cluster.ca: found " + noise},
      {"a key of another", {fine.certificate, good("another").key, fine.ca}, "key values mismatch"},
      {"a key with a password", {fine.certificate, locked, fine.ca}, "cluster.key: found " + locked},
  };
  for (const auto& [what, files, says] : all)
    for (const auto* role : {"gateway", "worker"}) {
      std::vector<std::string> arguments{role, "--log-level", "error"};
      if (role == std::string{"worker"})
        arguments.insert(arguments.end(), {"--join", "127.0.0.1:1"});
      const auto flags = files.flags();
      arguments.insert(arguments.end(), flags.begin(), flags.end());
      const auto result = run_to_end({program_path("troupe-demo").string(), arguments, {}, folder_.path()});
      EXPECT_EQ(result.status, (exit_status{2, 0})) << what << ": " << result.err;
      EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
      EXPECT_NE(result.err.find(says), std::string::npos) << what << ": " << result.err;
      EXPECT_NE(result.err.find(", expected "), std::string::npos) << what << ": " << result.err;
    }
}

} // namespace
} // namespace troupe::test
