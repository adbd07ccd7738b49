#include "tests/support/cutting_proxy.hpp"

#include "tests/support/http_connection.hpp"

#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <thread>

namespace troupe::test {
namespace {

using side = cutting_proxy::side;

/// Answers each message, which ends with a dot, with "0123456789"; keeps all that it has got.
class answering_server {
public:
  answering_server() : listener_(SOMAXCONN) {
    thread_ = std::thread{[this] { serve(); }};
  }
  answering_server(const answering_server&) = delete;
  answering_server& operator=(const answering_server&) = delete;
  ~answering_server() {
    if (thread_.joinable())
      thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const { return listener_.port; }

  /// All of the one connection, when that has ended.
  const std::string& got() {
    thread_.join();
    return got_;
  }

private:
  void serve() {
    const file_descriptor client{::accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    for (char c = 0; ::recv(client.get(), &c, 1, 0) == 1;) {
      got_ += c;
      if (c == '.')
        ::send(client.get(), "0123456789", 10, MSG_NOSIGNAL);
    }
  }

  loopback_listener listener_;
  std::string got_;
  std::thread thread_;
};

TEST(CuttingProxy, PassesAllOnUntilACutIsWanted) {
  answering_server server;
  const cutting_proxy proxy{server.port()};
  {
    http_connection client{proxy.port()};
    for (int i = 0; i < 3; ++i) {
      client.send("abc.");
      EXPECT_EQ(client.read_bytes(10), "0123456789");
    }
  }
  EXPECT_EQ(server.got(), "abc.abc.abc.");
}

TEST(CuttingProxy, CutsWhatTheClientSendsAfterSoManyBytesOfAnExchange) {
  answering_server server;
  cutting_proxy proxy{server.port()};
  http_connection client{proxy.port()};
  client.send("abc.");
  EXPECT_EQ(client.read_bytes(10), "0123456789");
  proxy.cut_after(side::client, 2);
  client.send("def.");
  EXPECT_TRUE(proxy.wait_for_cut());
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(server.got(), "abc.de");
}

TEST(CuttingProxy, CutsAnAnswerAfterSoManyBytes) {
  answering_server server;
  cutting_proxy proxy{server.port()};
  http_connection client{proxy.port()};
  proxy.cut_after(side::server, 7);
  client.send("abc.");
  EXPECT_EQ(client.read_bytes(7), "0123456");
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(server.got(), "abc.");
}

TEST(CuttingProxy, WaitsForAnExchangeThatIsLongEnough) {
  answering_server server;
  cutting_proxy proxy{server.port()};
  {
    http_connection client{proxy.port()};
    proxy.cut_after(side::client, 5);
    for (const std::string message : {"abc.", "d."}) {
      client.send(message);
      EXPECT_EQ(client.read_bytes(10), "0123456789");
    }
    EXPECT_FALSE(proxy.wait_for_cut(0ms)) << "and nothing is cut any more";
    client.send("much longer.");
    EXPECT_EQ(client.read_bytes(10), "0123456789");
  }
  EXPECT_EQ(server.got(), "abc.d.much longer.");
}

} // namespace
} // namespace troupe::test
