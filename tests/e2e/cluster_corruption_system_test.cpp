// Bytes of the cluster's connections that change on their way.
#include "tests/e2e/cluster_pki.hpp"
#include "tests/e2e/ledger.hpp"
#include "tests/support/altering_proxy.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/loopback.hpp"
#include "tests/support/process_figures.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <sys/socket.h>

namespace troupe::test {
namespace {

using side = altering_proxy::side;

constexpr std::uint64_t seed = 20'260'101;
constexpr std::uint64_t mib = 1024 * 1024;

node_options ledger_node() {
  return {"ledger-node", {}, {{"LEDGER_FILE", "ledger"}}};
}

/// What a worker node says to its gateway, from its first byte on, until it is gone.
std::string recorded_worker(const gateway& front) {
  std::string said;
  {
    altering_proxy between{front.ports().cluster, [&](side from, std::string& bytes) {
                             if (from == side::client)
                               said += bytes;
                           }};
    worker back{between.address(), "recorded", ledger_node()};
    EXPECT_TRUE(wait_for_nodes(front, {"recorded"}));
    http_client http{front.http_port()};
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(http.post_text("/ledger/" + std::to_string(i), "", "text/plain").status, 200);
    EXPECT_EQ(back.stop(), exit_status{});
  }
  EXPECT_TRUE(wait_until_gone(front, "recorded"));
  return said;
}

/// Says all of it and waits until the gateway has hung up. False: it did not within the limit.
bool say(std::uint16_t port, const std::string& what) {
  const auto socket = connect_to_loopback(port);
  if (!socket)
    return false;
  ::send(socket.get(), what.data(), what.size(), MSG_NOSIGNAL); // fits into the sockets' buffers
  ::shutdown(socket.get(), SHUT_WR);
  const deadline end{soon};
  char answer[4096];
  for (;;) {
    pollfd ready{socket.get(), POLLIN, 0};
    if (::poll(&ready, 1, end.poll_timeout()) <= 0)
      return false;
    if (::recv(socket.get(), answer, sizeof answer, 0) <= 0)
      return true;
  }
}

TEST(ClusterCorruption, AThousandOfThemLeaveTheGatewayAsItWas) {
  gateway front;
  const auto recorded = recorded_worker(front);
  ASSERT_GT(recorded.size(), 500U);
  ASSERT_TRUE(say(front.ports().cluster, recorded)); // as it was: nothing to object to
  const auto before = figures_of(front.pid()).resident_bytes;
  std::mt19937_64 random{seed};
  for (int i = 0; i < 1'000; ++i) {
    auto changed = recorded;
    const auto at = random() % changed.size();
    const auto bits = static_cast<unsigned char>(1 + random() % 255);
    changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ bits);
    ASSERT_TRUE(say(front.ports().cluster, changed)) << i << ": byte " << at << " ^ " << int{bits} << front.log_text();
    if (i % 50 == 0)
      ASSERT_EQ(get(front.http_port(), "/").status, 200) << front.log_text();
  }
  EXPECT_LT(figures_of(front.pid()).resident_bytes, before + growth_of(64 * mib));
  EXPECT_EQ(get(front.http_port(), "/").status, 200);
  worker back{front, "back", ledger_node()};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  EXPECT_EQ(get(front.http_port(), "/ledger").json()["pid"], back.pid());
}

/// Changes a byte here and there while it is told to.
struct corrupting {
  std::atomic<bool> on{false};
  std::atomic<int> done{0};
  std::mt19937_64 random{seed}; // of the proxy's thread

  void operator()(side, std::string& bytes) {
    constexpr std::uint64_t one_in = 2'000;
    for (auto& each : bytes)
      if (on && random() % one_in == 0) {
        each = static_cast<char>(each ^ (1 << random() % 8));
        ++done;
      }
  }
};

TEST(ClusterCorruption, BothSidesSayWhatWasWrong) {
  std::atomic<int> wrong{-1}; // from which side
  const auto port = free_port();
  altering_proxy between{port, [&](side from, std::string& bytes) {
                           if (int expected = static_cast<int>(from); wrong.compare_exchange_strong(expected, -1))
                             bytes[0] = '\xff';
                         }};
  // The gateway tells of the way through the proxy: the worker would take the other one as well.
  gateway front{with_flags({"--no-local-workers", "--http-handler-timeout", "1s", "--advertise", between.address()}),
                {0, port, 0}};
  worker back{between.address(), "back"};
  ASSERT_TRUE(back.joined());
  for (const auto from : {side::server, side::client}) {
    const auto at = back.log_size();
    wrong = static_cast<int>(from);
    get(front.http_port(), "/"); // a request there, an answer back
    ASSERT_TRUE(eventually([&] { return wrong == -1; }));
    const auto why = from == side::server ? ": it does not speak the cluster's protocol" : "";
    ASSERT_TRUE(back.wait_for_message("lost gateway " + between.address() + why, soon, at)) << back.log_text();
    ASSERT_TRUE(back.joined(soon, at)) << back.log_text();
    ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  }
  EXPECT_TRUE(front.wait_for_message(
      "cluster: parted with 127\\.0\\.0\\.1:\\d+: it does not speak the cluster's protocol"))
      << front.log_text();
}

/// Three workers behind a proxy that changes bytes until it has changed `changes` of them.
class corrupted_cluster {
public:
  corrupted_cluster(const std::vector<std::string>& gateway_flags, const std::vector<std::string>& worker_flags)
      : between_{cluster_port_, std::ref(change_)},
        front_{with(with_flags({"--http-handler-timeout", "200ms", "--advertise", between_.address()}), gateway_flags),
               {0, cluster_port_, 0}},
        http_{front_.http_port()} {
    for (const auto& name : names_)
      workers_.emplace_back(between_.address(), name, with(ledger_node(), worker_flags));
    EXPECT_TRUE(joined());
  }

  [[nodiscard]] bool joined() { return wait_for_nodes(front_, names_, 30s); }
  [[nodiscard]] gateway& front() noexcept { return front_; }
  void cut() { between_.cut(); }

  /// 502, 503 and 504 while nobody is there, or what is said cannot be read.
  int status() { return http_.get("/ledger").status; }

  /// `cutting`: when a request fails, all connections are ended.
  bool change_bytes(int changes, bool cutting) {
    change_.on = true;
    const bool done = eventually(
        [&] {
          if (status() != 200 && cutting)
            cut();
          return change_.done >= changes;
        },
        30s);
    change_.on = false;
    return done;
  }

private:
  const std::vector<std::string> names_{"w0", "w1", "w2"};
  const std::uint16_t cluster_port_ = free_port();
  corrupting change_;
  altering_proxy between_;
  gateway front_; // tells of the way through the proxy
  std::list<worker> workers_;
  http_client http_;
};

void expect_all_is_well(corrupted_cluster& cluster) {
  EXPECT_TRUE(cluster.joined()) << cluster.front().log_text();
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(cluster.status(), 200);
}

TEST(ClusterCorruption, OverTlsEachIsNoticedAndTheWorkersJoinAgainByThemselves) {
  cluster_pki pki;
  corrupted_cluster cluster{pki.issue("gateway").flags(), pki.issue("worker").flags()};
  ASSERT_TRUE(cluster.change_bytes(25, false));
  expect_all_is_well(cluster);
}

// Nobody can see that a byte of a number is another one: who hears the wrong thing may wait for what never comes.
TEST(ClusterCorruption, WithoutTlsNewConnectionsAreAsGoodAsEver) {
  corrupted_cluster cluster{{}, {}};
  ASSERT_TRUE(cluster.change_bytes(20, true));
  cluster.cut();
  // Whether those that are listed have gone and come again cannot be told from the list.
  EXPECT_TRUE(eventually(
      [&] {
        for (int i = 0; i < 30; ++i)
          if (cluster.status() != 200)
            return false;
        return true;
      },
      30s))
      << cluster.front().log_text();
  EXPECT_TRUE(cluster.joined()) << cluster.front().log_text();
}

} // namespace
} // namespace troupe::test
