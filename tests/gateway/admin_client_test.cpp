#include "gateway/admin_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

/// Listens on a free port of this machine.
class listening_end {
public:
  [[nodiscard]] config::endpoint where() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }

  /// Takes one connection, reads something, answers and closes.
  void answer(std::string_view bytes) {
    auto socket = acceptor_.accept();
    std::array<char, 1024> got{};
    static_cast<void>(socket.read_some(boost::asio::buffer(got)));
    boost::asio::write(socket, boost::asio::buffer(bytes));
  }

private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
};

std::string error_of(const admin_client& client) {
  try {
    const auto got = client.get("/x");
    return "status " + std::to_string(got.status);
  } catch (const admin_error& e) {
    return e.what();
  }
}

TEST(admin_client, gives_up_who_says_nothing) {
  const listening_end silent;
  EXPECT_EQ(error_of(admin_client{silent.where(), "", 50ms}),
            to_string(silent.where()) + " does not answer as an admin address does: no answer in time");
}

TEST(admin_client, gives_status_and_body) {
  listening_end server;
  std::thread serving{[&] { server.answer("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"); }};
  const auto got = admin_client{server.where(), "token", 30s}.get("/x");
  serving.join();
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(got.body, "none");
}

TEST(admin_client, says_in_one_line_that_an_answer_is_no_http) {
  listening_end server;
  std::thread serving{[&] { server.answer("220 mail.example ESMTP\r\n"); }};
  const auto error = error_of(admin_client{server.where(), "", 30s});
  serving.join();
  EXPECT_TRUE(error.starts_with(to_string(server.where()) + " does not answer as an admin address does: ")) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

TEST(percent_encoded, leaves_nothing_that_means_something_in_a_path) {
  EXPECT_EQ(percent_encoded("worker-1_A.~"), "worker-1_A.~");
  EXPECT_EQ(percent_encoded("a/b?c#d%e \n\xff"), "a%2Fb%3Fc%23d%25e%20%0A%FF");
}

} // namespace
} // namespace troupe::gateway
