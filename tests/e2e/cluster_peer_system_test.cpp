// What a node that speaks the cluster's protocol may say to a gateway, and what never arrives.
#include "actors/messages/cluster.hpp"
#include "actors/messages/type_ids.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/node_list.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <gtest/gtest.h>

namespace troupe::test {
namespace {

caf::behavior spawned_from_afar() {
  return {[](int) {}};
}

/// A node of CAF's, without any of our guards.
class caf_node {
public:
  caf_node() : system_(config_) {}

  [[nodiscard]] caf::actor_system& system() { return system_; }

  /// The actor that the node at `port` publishes.
  caf::actor connect(std::uint16_t port) {
    auto found = system_.middleman().remote_actor("127.0.0.1", port);
    if (!found)
      throw std::runtime_error{system_.render(found.error())};
    return *found;
  }

  /// Sends to an actor of another node by its name, as CAF's own remote calls do.
  void send_by_name(caf::scoped_actor& self, const caf::node_id& to, caf::atom_value name, caf::message what) {
    self->send(system_.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP")), caf::forward_atom::value, to,
               name, std::move(what));
  }

private:
  struct configuration : caf::actor_system_config {
    configuration() {
      load<caf::io::middleman>();
      set("middleman.app-identifiers", std::vector<std::string>{"troupe"});
      register_messages(*this);
      add_actor_type("spawned", spawned_from_afar);
    }
  };

  configuration config_;
  caf::actor_system system_;
};

/// Whether the node's configuration gives an answer to who asks for `key`, before its published actor answers `hello`
/// three times.
bool tells_its_configuration(caf_node& peer, const caf::actor& published) {
  caf::scoped_actor self{peer.system()};
  peer.send_by_name(self, published.node(), caf::atom("ConfigServ"),
                    caf::make_message(caf::put_atom::value, "color", caf::make_message("red")));
  peer.send_by_name(self, published.node(), caf::atom("ConfigServ"), caf::make_message(caf::get_atom::value, "color"));
  bool told = false;
  for (int welcomes = 0; welcomes < 3;) {
    self->send(published, hello{protocol_version, "curious", "1"});
    bool waits = true;
    while (waits)
      self->receive([&](const welcome&) { waits = false; },
                    [&](caf::ok_atom, const std::string&, const caf::message&) { told = true; },
                    [&](const std::string&, const caf::message&) { told = true; },
                    caf::after(scaled(soon)) >> [&] {
                      ADD_FAILURE() << "no welcome";
                      waits = false;
                    });
    ++welcomes;
  }
  return told;
}

caf::behavior welcome_everyone() {
  return {[](const hello&) { return welcome{}; }};
}

TEST(ClusterPeer, DoesNotReachTheConfigurationOfAGateway) {
  caf_node unguarded, peer;
  const auto anybody = unguarded.system().spawn(welcome_everyone);
  const auto port = unguarded.system().middleman().publish(anybody, 0, "127.0.0.1");
  ASSERT_TRUE(port);
  EXPECT_TRUE(tells_its_configuration(peer, peer.connect(*port))); // that is what CAF does by itself
  gateway front;
  EXPECT_FALSE(tells_its_configuration(peer, peer.connect(front.ports().cluster)));
  caf::anon_send_exit(anybody, caf::exit_reason::user_shutdown);
}

TEST(ClusterPeer, SpawnsNothingOnAGateway) {
  caf_node unguarded, peer;
  const auto anybody = unguarded.system().spawn(welcome_everyone);
  const auto port = unguarded.system().middleman().publish(anybody, 0, "127.0.0.1");
  ASSERT_TRUE(port);
  const auto there = peer.connect(*port);
  const auto spawned = peer.system().middleman().remote_spawn<caf::actor>(there.node(), "spawned", caf::make_message(),
                                                                          scaled(soon));
  ASSERT_TRUE(spawned) << peer.system().render(spawned.error()); // that is what CAF does by itself
  caf::anon_send_exit(*spawned, caf::exit_reason::user_shutdown);
  gateway front;
  const auto membership = peer.connect(front.ports().cluster);
  const auto refused = peer.system().middleman().remote_spawn<caf::actor>(
      membership.node(), "spawned", caf::make_message(), std::chrono::milliseconds{500});
  // Not a word of that it knows no such type: nobody there has heard of it.
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), caf::sec::request_timeout) << peer.system().render(refused.error());
  EXPECT_EQ(get(front.http_port(), "/").status, 200);
  caf::anon_send_exit(anybody, caf::exit_reason::user_shutdown);
}

TEST(ClusterPeer, EndsNothingByExitMessagesAndLinks) {
  gateway front;
  caf_node peer;
  const auto membership = peer.connect(front.ports().cluster);
  caf::scoped_actor self{peer.system()};
  self->send_exit(membership, caf::exit_reason::kill);
  self->send(membership, std::string{"no message of the cluster"});
  const auto linked = peer.system().spawn([membership](caf::event_based_actor* mine) -> caf::behavior {
    mine->link_to(membership);
    return {[](int) {}};
  });
  caf::anon_send_exit(linked, caf::exit_reason::kill);
  self->wait_for(linked);
  self->send(membership, hello{protocol_version, "polite", "1"});
  bool welcomed = false;
  self->receive([&](const welcome&) { welcomed = true; }, caf::after(scaled(soon)) >> [] {});
  EXPECT_TRUE(welcomed);
  worker back{front, "back"};
  EXPECT_TRUE(wait_for_nodes(front, {"back"}));
}

} // namespace
} // namespace troupe::test
