// SIGHUP: certificates are read again, and nobody notices but who connects anew.
#include "tests/e2e/tls_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/load_generator.hpp"

#include <csignal>

namespace troupe::test {
namespace {

class TlsReload : public with_certificates {
protected:
  /// Puts a certificate with this title where the node looks, as a whole, as careful tools do.
  void install(const std::string& title) const {
    const auto made = authority.issue({title, {"DNS:a.example"}});
    std::filesystem::rename(made.both, file);
  }

  [[nodiscard]] std::string title_at(const gateway& node) const {
    return connect(node).server_title();
  }

  /// SIGHUP; true when the node has logged what was expected.
  static bool hang_up(gateway& node, const std::string& expected) {
    const auto from = node.log_size();
    node.signal(SIGHUP);
    return node.wait_for_message("SIGHUP: " + expected, soon, from).has_value();
  }

  const std::string file = (folder.path() / "live.pem").string();
};

const std::string again = "the certificates have been read again.*";

TEST_F(TlsReload, NewConnectionsSeeTheNewCertificateAndOldOnesGoOn) {
  install("old");
  gateway node{with_flags({"--tls-certificates", file})};
  auto before = connect(node);
  EXPECT_EQ(before.exchange(get_bytes("/")).status, 200);
  EXPECT_EQ(before.server_title(), "old");
  install("new");
  EXPECT_EQ(title_at(node), "old") << "not before it is told";
  ASSERT_TRUE(hang_up(node, again));
  // Each loop has a message to take.
  EXPECT_TRUE(eventually([&] { return title_at(node) == "new"; }));
  EXPECT_EQ(before.exchange(get_bytes("/")).status, 200);
}

TEST_F(TlsReload, UnderLoadNoRequestFails) {
  install("certificate 0");
  gateway node{with_flags({"--tls-certificates", file})};
  // Half of the clients keep their connections, the others make a new one for each request.
  load_generator load{node.http_port(), 8,
                      [](unsigned client, std::uint64_t number) {
                        http_request out{"POST", "/echo", std::to_string(number),
                                         {{"Content-Type", "text/plain"}}};
                        if (client % 2 == 0)
                          out.headers.emplace_back("Connection", "close");
                        return out;
                      },
                      soon, careful()};
  constexpr int reloads = 20;
  for (int i = 1; i <= reloads; ++i) {
    ASSERT_TRUE(load.wait_for_answers(100));
    const auto title = "certificate " + std::to_string(i);
    install(title);
    ASSERT_TRUE(hang_up(node, again));
    EXPECT_TRUE(eventually([&] { return title_at(node) == title; }));
  }
  ASSERT_TRUE(load.wait_for_answers(100));
  const auto outcomes = load.stop();
  for (const auto& each : outcomes)
    EXPECT_TRUE(each.response.status == 200 && each.response.body == each.request.body) << each;
  figure("tls_reload_requests", static_cast<long long>(outcomes.size()));
}

TEST_F(TlsReload, FilesThatCannotBeUsedChangeNothing) {
  install("good");
  gateway node{with_flags({"--tls-certificates", file})};
  folder.write("live.pem", "junk");
  ASSERT_TRUE(hang_up(node, "the certificates stay as they were: tls.certificates: found .*live"
                            "\\.pem, which cannot be used: .*"));
  EXPECT_EQ(title_at(node), "good");
  std::filesystem::remove(file);
  ASSERT_TRUE(hang_up(node, "the certificates stay as they were: .*No such file.*"));
  EXPECT_EQ(title_at(node), "good");
  install("better");
  ASSERT_TRUE(hang_up(node, again));
  EXPECT_TRUE(eventually([&] { return title_at(node) == "better"; }));
}

TEST_F(TlsReload, ACertificateThatHasExpiredIsUsedWithAWarning) {
  const auto made = authority.issue({"late", {"DNS:a.example"}, -48h, -24h});
  gateway node{with_flags({"--tls-certificates", made.both})};
  const auto warning = node.wait_for_message("the certificate .*late\\.pem has expired on .*");
  ASSERT_TRUE(warning);
  EXPECT_EQ((*warning)["level"], "warn");
  EXPECT_EQ((http_connection{node.http_port(), tls_options{}}.server_title()), "late");
  EXPECT_NE(refusal(node.http_port(), careful()), "");
}

TEST_F(TlsReload, WithoutFilesThereIsNothingToReadAgain) {
  for (const auto& arguments : {std::vector<std::string>{}, {"--tls-self-signed"}}) {
    gateway node{with_flags(arguments)};
    EXPECT_TRUE(hang_up(node, "there are no files of certificates to read again"));
    EXPECT_EQ(node.stop(), exit_status{});
  }
  const gateway node;
  worker helper{node, "helper"};
  ASSERT_TRUE(helper.joined());
  helper.signal(SIGHUP);
  EXPECT_TRUE(helper.wait_for_message("SIGHUP: a worker node has nothing to read again"));
  EXPECT_EQ(helper.stop(), exit_status{});
}

TEST_F(TlsReload, WhileTheNodeStopsTheSignalDoesNothing) {
  install("good");
  gateway node{with_flags({"--tls-certificates", file})};
  auto busy = connect(node);
  busy.send(get_bytes("/sleep?ms=500"));
  auto other = connect(node);
  EXPECT_EQ(other.exchange(get_bytes("/")).status, 200); // the loops are at it
  node.signal(SIGTERM);
  ASSERT_TRUE(node.wait_for_message("stopping: .*"));
  node.signal(SIGHUP);
  EXPECT_EQ(busy.read().status, 200);
  EXPECT_EQ(node.wait(), exit_status{});
}

} // namespace
} // namespace troupe::test
