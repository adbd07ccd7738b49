#include "gateway/listening.hpp"

#include "tests/support/file_descriptor.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <set>
#include <system_error>

namespace troupe::gateway {
namespace {

using troupe::test::file_descriptor;

const config::endpoint any_port{"127.0.0.1", 0};

std::uint16_t port_of(int socket) {
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size), 0);
  return ntohs(bound.sin_port);
}

bool connects(std::uint16_t port) {
  const file_descriptor client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
}

std::errc refusal_of(const config::endpoint& where) {
  try {
    static_cast<void>(listen_on(where, 2));
  } catch (const std::system_error& e) {
    return static_cast<std::errc>(e.code().default_error_condition().value());
  }
  ADD_FAILURE() << "listens on " << to_string(where);
  return {};
}

TEST(listening, has_one_socket_for_each_loop_all_on_one_port_that_it_tells) {
  const auto all = listen_on(any_port, 3);
  ASSERT_EQ(all.sockets.size(), 3u);
  EXPECT_NE(all.where.port, 0);
  EXPECT_EQ(all.where.host, "127.0.0.1");
  std::set<int> handles;
  for (const auto& each : all.sockets) {
    EXPECT_EQ(port_of(each.native()), all.where.port);
    handles.insert(each.native());
  }
  EXPECT_EQ(handles.size(), 3u);
  EXPECT_TRUE(connects(all.where.port));
}

TEST(listening, refuses_a_port_that_is_in_use) {
  const auto first = listen_on(any_port, 2); // shares it among its own sockets only
  EXPECT_EQ(refusal_of(first.where), std::errc::address_in_use);
  EXPECT_EQ(refusal_of({"0.0.0.0", first.where.port}), std::errc::address_in_use);
  EXPECT_TRUE(connects(first.where.port));
}

TEST(listening, frees_its_port_when_the_sockets_are_gone) {
  config::endpoint where;
  {
    const auto first = listen_on(any_port, 2);
    where = first.where;
    EXPECT_TRUE(connects(where.port)); // leaves a connection behind
  }
  EXPECT_FALSE(connects(where.port));
  EXPECT_EQ(listen_on(where, 2).where, where);
}

TEST(listening, refuses_an_address_that_this_machine_does_not_have) {
  EXPECT_EQ(refusal_of({"192.0.2.1", 0}), std::errc::address_not_available);
  EXPECT_EQ(refusal_of({"no-such-host.invalid", 0}), std::errc::address_not_available);
}

TEST(listening_socket, closes_itself_unless_it_is_released) {
  auto all = listen_on(any_port, 1);
  auto moved = std::move(all.sockets.front());
  EXPECT_EQ(all.sockets.front().native(), -1);
  all.sockets.clear();
  EXPECT_TRUE(connects(all.where.port));
  const file_descriptor released{moved.release()};
  EXPECT_EQ(moved.native(), -1);
  EXPECT_EQ(port_of(released.get()), all.where.port);
}

} // namespace
} // namespace troupe::gateway
