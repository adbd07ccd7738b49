// Worker nodes that a gateway must not take, and how both sides say so.
#include "actors/messages/cluster.hpp"
#include "actors/messages/type_ids.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/node_list.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <gtest/gtest.h>

namespace troupe::test {
namespace {

/// A node of this test's own making that speaks the wire protocol, but not as it should.
class odd_peer {
public:
  /// `application` is what the peers of one cluster have in common.
  explicit odd_peer(const std::string& application = "troupe")
      : config_(application), system_(config_) {}

  [[nodiscard]] caf::actor_system& system() { return system_; }

private:
  struct configuration : caf::actor_system_config {
    explicit configuration(const std::string& application) {
      load<caf::io::middleman>();
      set("middleman.app-identifiers", std::vector<std::string>{application});
      register_messages(*this);
    }
  };

  configuration config_;
  caf::actor_system system_;
};

TEST(RefusedWorker, ARouteOfAnotherServiceIsAConflictThatBothSidesTell) {
  gateway front;
  worker back{front, "intruder", node_options{"conflict-node", {}, {}}};
  auto there = back.wait_for_message("refused by gateway " + front.cluster_address() + ": .+");
  ASSERT_TRUE(there) << back.log_text();
  auto here = front.wait_for_message("refused worker node intruder: .+");
  ASSERT_TRUE(here) << front.log_text();
  for (const auto& entry : {*there, *here})
    for (const char* part : {"GET /", "impostor"})
      EXPECT_NE(entry["message"].get<std::string>().find(part), std::string::npos) << entry;
  EXPECT_FALSE(find_node(front, "intruder"));
  EXPECT_EQ(get(front.http_port(), "/").body, "Hello, async world!");
}

TEST(RefusedWorker, ADifferentProtocolIsRefusedByTheGatewayWithBothVersions) {
  gateway front;
  odd_peer peer;
  auto remote = peer.system().middleman().remote_actor("127.0.0.1", front.ports().cluster);
  ASSERT_TRUE(remote) << peer.system().render(remote.error());
  caf::scoped_actor self{peer.system()};
  self->send(*remote, hello{oldest_protocol - 1, "from-the-past", "0.0"});
  std::string reason;
  self->receive([&](const refusal& what) { reason = what.reason; },
                caf::after(scaled(soon)) >> [] {});
  EXPECT_NE(reason.find(std::to_string(protocol_version)), std::string::npos) << reason;
  EXPECT_NE(reason.find(std::to_string(oldest_protocol - 1)), std::string::npos) << reason;
  EXPECT_TRUE(front.wait_for_message("refused worker node from-the-past: .+"))
      << front.log_text();
  EXPECT_FALSE(find_node(front, "from-the-past"));
  EXPECT_EQ(get(front.http_port(), "/").status, 200);
}

caf::behavior refuse_everyone() {
  return {[](const hello&) { return refusal{"too old for this place"}; }};
}

TEST(RefusedWorker, AWorkerTellsTheReasonThatItsGatewayGave) {
  odd_peer peer;
  auto refusing = peer.system().spawn(refuse_everyone);
  auto port = peer.system().middleman().publish(refusing, 0, "127.0.0.1");
  ASSERT_TRUE(port) << peer.system().render(port.error());
  auto address = "127.0.0.1:" + std::to_string(*port);
  worker back{address, "back"};
  auto told = back.wait_for_message("refused by gateway " + address + ": too old for this place");
  EXPECT_TRUE(told) << back.log_text();
  EXPECT_EQ(back.stop(), exit_status{});
  caf::anon_send_exit(refusing, caf::exit_reason::user_shutdown);
}

TEST(RefusedWorker, ANodeOfAnotherApplicationIsNotLetIn) {
  gateway front;
  odd_peer peer{"something-else"};
  EXPECT_FALSE(peer.system().middleman().remote_actor("127.0.0.1", front.ports().cluster));
  EXPECT_EQ(get(front.http_port(), "/").status, 200);
}

TEST(RefusedWorker, NoiseOnTheClusterPortDoesNotDisturbTheGateway) {
  gateway front;
  worker back{front, "back"};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  for (const auto& noise : {std::string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
                            std::string(100'000, '\xff'), std::string(64, '\0')}) {
    http_connection connection{front.ports().cluster};
    try {
      connection.send(noise);
    } catch (const connection_error&) {
      // It may hang up before it has read everything.
    }
  }
  EXPECT_TRUE(find_node(front, "back"));
  EXPECT_EQ(get(front.http_port(), "/").status, 200);
}

} // namespace
} // namespace troupe::test
