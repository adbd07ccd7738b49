// WebSockets over TLS: the same messages, and the same end.
#include "tests/e2e/tls_fixture.hpp"
#include "tests/support/websocket_client.hpp"

namespace troupe::test {
namespace {

class TlsWebSocket : public with_certificates {
protected:
  [[nodiscard]] node_options sockets() const {
    auto out = https();
    out.program = "stream-node";
    return out;
  }
};

TEST_F(TlsWebSocket, CarriesMessagesAndItsEnd) {
  const gateway node{sockets()};
  websocket_client client{connect(node), "/socket"};
  for (int i = 0; i < 20; ++i) {
    const std::string message(100'000, static_cast<char>('a' + i));
    client.send_text(message);
    ASSERT_EQ(client.read().data, message);
  }
  client.send_close(1000);
  EXPECT_EQ(client.read_close(), 1000);
  EXPECT_TRUE(client.connection().closed_by_server());
}

TEST_F(TlsWebSocket, IsClosedForWhatTheRfcForbids) {
  const gateway node{sockets()};
  websocket_client client{connect(node), "/socket"};
  client.send({opcode_text, "\xff"});
  EXPECT_EQ(client.read_close(), 1007);
  EXPECT_TRUE(client.connection().closed_by_server());
}

} // namespace
} // namespace troupe::test
