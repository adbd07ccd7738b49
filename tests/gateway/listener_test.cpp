#include "gateway/detail/listener.hpp"

#include "tests/support/file_descriptor.hpp"
#include "tests/support/loopback.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;

/// A socket that listens on loopback and, once it was made, the listener that accepts from it, turn by turn.
class a_listener : public testing::Test {
protected:
  void make() {
    listener_.emplace(timers_, sockets_, std::move(listening_.sockets.front()),
                      [this](detail::file_descriptor socket, std::optional<config::ip_address> client) {
                        accepted_.push_back({std::move(socket), client});
                      });
  }

  void start() {
    make();
    listener_->start();
  }

  void connect(int count) {
    for (int i = 0; i < count; ++i) {
      clients_.push_back(test::connect_to_loopback(listening_.where.port));
      ASSERT_TRUE(clients_.back());
    }
  }

  /// What one turn of a loop would. True: something came.
  bool turn() {
    io_.restart();
    return io_.poll_one() > 0;
  }

  void all_turns() {
    while (turn()) {
    }
  }

  struct accepted {
    detail::file_descriptor socket;
    std::optional<config::ip_address> client;
  };

  listening_sockets listening_ = listen_on({"127.0.0.1", 0}, 1);
  boost::asio::io_context io_;
  detail::poller sockets_{io_};
  detail::timer_queue timers_{[](detail::steady_time) {}};
  std::vector<accepted> accepted_;
  std::vector<test::file_descriptor> clients_;
  std::optional<listener> listener_;
};

TEST_F(a_listener, tells_the_address_and_gives_sockets_that_neither_block_nor_wait_with_what_is_sent) {
  start();
  connect(1);
  all_turns();
  ASSERT_EQ(accepted_.size(), 1u);
  const auto& [socket, client] = accepted_.front();
  ASSERT_TRUE(client);
  EXPECT_EQ(config::to_string(*client), "127.0.0.1");
  EXPECT_NE(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC, 0);
  int at_once = 0;
  socklen_t size = sizeof at_once;
  ASSERT_EQ(::getsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, &size), 0);
  EXPECT_NE(at_once, 0);
}

TEST_F(a_listener, accepts_nothing_before_it_is_started) {
  connect(3);
  all_turns();
  EXPECT_TRUE(accepted_.empty());
  start();
  all_turns();
  EXPECT_EQ(accepted_.size(), 3u);
}

TEST_F(a_listener, accepts_one_in_a_turn_and_more_when_more_keep_coming) {
  start();
  connect(100);
  std::vector<std::size_t> each;
  for (std::size_t before = 0; turn(); before = accepted_.size())
    if (accepted_.size() > before)
      each.push_back(accepted_.size() - before);
  EXPECT_EQ(accepted_.size(), 100u);
  EXPECT_EQ(each.front(), 1u);
  EXPECT_EQ(*std::max_element(each.begin(), each.end()), 16u); // then others of the loop have their turn
}

TEST_F(a_listener, that_is_closed_takes_those_that_wait_and_nobody_after_them) {
  start();
  connect(40);
  listener_->close();
  EXPECT_EQ(accepted_.size(), 40u);
  EXPECT_FALSE(listener_->is_open());
  EXPECT_FALSE(test::connect_to_loopback(listening_.where.port));
  all_turns();
  EXPECT_EQ(accepted_.size(), 40u);
}

TEST_F(a_listener, that_was_not_started_takes_nobody_when_it_is_closed) {
  make();
  connect(2);
  listener_->close();
  EXPECT_TRUE(accepted_.empty());
}

TEST_F(a_listener, that_cannot_accept_pauses_and_goes_on_later) {
  start();
  ASSERT_EQ(::shutdown(listener_->native_handle(), SHUT_RD), 0); // as bad as having no file descriptor left
  all_turns(); // comes to an end: it does not try again and again
  ASSERT_EQ(::listen(listener_->native_handle(), 16), 0);
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ASSERT_EQ(::getsockname(listener_->native_handle(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
  listening_.where.port = ntohs(bound.sin_port); // the kernel may have given it another one
  connect(5);
  all_turns();
  EXPECT_TRUE(accepted_.empty()) << "its time has not come";
  timers_.run_due(std::chrono::steady_clock::now() + 1s);
  all_turns();
  EXPECT_EQ(accepted_.size(), 5u);
}

} // namespace
} // namespace troupe::gateway
