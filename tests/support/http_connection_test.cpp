#include "tests/support/http_client.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

namespace troupe::test {
namespace {

/// Accepts one connection, sends fixed bytes and closes once the client has stopped sending.
class canned_server {
public:
  explicit canned_server(std::string bytes) {
    listener_ = file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 1) != 0
        || ::getsockname(listener_.get(), generic, &size) != 0)
      throw std::runtime_error{"cannot listen"};
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this, bytes = std::move(bytes)] { serve(bytes); }};
  }
  ~canned_server() { thread_.join(); }

  [[nodiscard]] std::uint16_t port() const { return port_; }

private:
  void serve(const std::string& bytes) {
    file_descriptor client{::accept(listener_.get(), nullptr, nullptr)};
    ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::shutdown(client.get(), SHUT_WR);
    char ignored[256];
    while (::recv(client.get(), ignored, sizeof ignored, 0) > 0) {
    }
  }

  file_descriptor listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(HttpConnection, ResponsesAreReadOneByOneByLengthAndByChunks) {
  canned_server server{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1\r\n\r\nabc"
                       "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"};
  http_connection connection{server.port()};
  auto first = connection.read();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "abc");
  EXPECT_EQ(first.header("x-a"), "1");
  auto second = connection.read();
  EXPECT_EQ(second.status, 404);
  EXPECT_EQ(second.reason, "Not Found");
  EXPECT_EQ(second.body, "def");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST(HttpConnection, AnAnswerToHeadHasNoBody) {
  canned_server server{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"};
  http_connection connection{server.port()};
  EXPECT_EQ(connection.read(true).header("Content-Length"), "3");
}

TEST(HttpConnection, ABrokenResponseIsToldFromNoResponse) {
  canned_server partial{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na"};
  http_connection first{partial.port()};
  try {
    first.read();
    FAIL() << "a broken response was taken";
  } catch (const connection_error& problem) {
    EXPECT_TRUE(problem.got_bytes());
  }

  canned_server silent{""};
  http_connection second{silent.port()};
  try {
    second.read();
    FAIL() << "no response was taken";
  } catch (const connection_error& problem) {
    EXPECT_FALSE(problem.got_bytes());
  }
}

TEST(HttpConnection, WaitingForAResponseEndsAtItsDeadline) {
  canned_server server{"HTTP/1.1 200 OK\r\n"};
  http_connection connection{server.port(), 20ms};
  EXPECT_THROW(connection.read(), connection_error);
}

TEST(HttpRequest, IsWrittenWithHostAndLength) {
  http_request request{"PUT", "/x?y", "body", {{"A", "b"}}};
  EXPECT_EQ(to_bytes(request),
            "PUT /x?y HTTP/1.1\r\nHost: test\r\nA: b\r\nContent-Length: 4\r\n\r\nbody");
}

} // namespace
} // namespace troupe::test
