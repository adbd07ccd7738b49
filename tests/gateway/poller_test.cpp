// One end of a socket pair is a transport that is watched, the other one the test's.
#include "gateway/detail/transport.hpp"

#include "tests/support/file_descriptor.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::gateway {
namespace {

class watched_end final : public transport::user {
public:
  watched_end(boost::asio::io_context& io, detail::poller& at) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    other_ = test::file_descriptor{ends[1]};
    transport_.emplace(io, detail::file_descriptor{ends[0]});
    EXPECT_TRUE(transport_->watch(at, *this));
  }

  [[nodiscard]] transport& ours() { return *transport_; }
  void destroy() { transport_.reset(); }
  void close_other() { other_ = {}; }

  void other_sends(std::string_view bytes) {
    EXPECT_EQ(::send(other_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  /// What the other end has got meanwhile.
  std::size_t other_takes() {
    char some[65536];
    std::size_t sum = 0;
    for (ssize_t got = 0; (got = ::recv(other_.get(), some, sizeof some, 0)) > 0;)
      sum += static_cast<std::size_t>(got);
    return sum;
  }

  /// Reads once: what has come, "end", or "nothing".
  std::string receive(std::size_t size) {
    std::string into(size, '\0');
    const auto got = ours().receive(into.data(), size);
    if (got < 0)
      return "nothing";
    return got == 0 ? "end" : into.substr(0, static_cast<std::size_t>(got));
  }

  void on_ready(bool readable, bool writable) override {
    reads += readable ? 1 : 0;
    writes += writable ? 1 : 0;
    if (then)
      then();
  }

  int reads = 0;
  int writes = 0;
  std::function<void()> then;

private:
  test::file_descriptor other_;
  std::optional<transport> transport_;
};

class poller_test : public testing::Test {
protected:
  void run() {
    io_.restart();
    io_.poll();
  }

  boost::asio::io_context io_;
  detail::poller poller_{io_};
  watched_end one_{io_, poller_};
};

TEST_F(poller_test, tells_only_who_has_asked_and_once) {
  one_.other_sends("abc");
  run();
  EXPECT_EQ(one_.reads, 0);
  one_.ours().want_read();
  EXPECT_EQ(one_.reads, 0) << "called from within";
  run();
  EXPECT_EQ(one_.reads, 1);
  run();
  EXPECT_EQ(one_.reads, 1);
  EXPECT_EQ(one_.receive(10), "abc");
}

TEST_F(poller_test, tells_of_what_comes_later) {
  one_.ours().want_read();
  run();
  EXPECT_EQ(one_.reads, 0);
  for (int i = 1; i <= 3; ++i) {
    one_.other_sends("abc");
    run();
    EXPECT_EQ(one_.reads, i);
    EXPECT_EQ(one_.receive(10), "abc");
    one_.ours().want_read();
    run();
    EXPECT_EQ(one_.reads, i) << "there is nothing to read";
  }
}

TEST_F(poller_test, tells_again_of_what_was_left) {
  one_.other_sends("abcdef");
  for (const char* piece : {"abc", "def"}) {
    one_.ours().want_read();
    run();
    EXPECT_EQ(one_.receive(3), piece);
  }
  EXPECT_EQ(one_.reads, 2);
  one_.ours().want_read();
  run();
  EXPECT_EQ(one_.reads, 3);
  EXPECT_EQ(one_.receive(3), "nothing");
  one_.ours().want_read();
  run();
  EXPECT_EQ(one_.reads, 3);
}

TEST_F(poller_test, tells_of_an_end_that_has_come_with_the_last_bytes) {
  one_.other_sends("abc");
  one_.close_other();
  one_.ours().want_read();
  run();
  EXPECT_EQ(one_.receive(10), "abc");
  one_.ours().want_read();
  run();
  EXPECT_EQ(one_.reads, 2);
  EXPECT_EQ(one_.receive(10), "end");
}

TEST_F(poller_test, tells_of_an_end_that_comes_behind_a_read) {
  one_.other_sends("abc");
  one_.ours().want_read();
  run();
  EXPECT_EQ(one_.receive(10), "abc");
  one_.close_other();
  one_.ours().want_read();
  run();
  EXPECT_EQ(one_.receive(10), "end");
}

TEST_F(poller_test, tells_when_there_is_room_again) {
  const std::string much(1 << 20, 'x');
  run();
  std::size_t sent = 0;
  for (std::ptrdiff_t now = 0; (now = one_.ours().send(much.data(), much.size())) > 0;)
    sent += static_cast<std::size_t>(now);
  EXPECT_EQ(errno, EAGAIN);
  one_.ours().want_write();
  run();
  EXPECT_EQ(one_.writes, 0);
  EXPECT_EQ(one_.other_takes(), sent);
  run();
  EXPECT_EQ(one_.writes, 1);
  EXPECT_GT(one_.ours().send(much.data(), much.size()), 0);
  EXPECT_EQ(one_.reads, 0);
}

TEST_F(poller_test, tells_nothing_of_one_that_another_has_destroyed_in_the_same_turn) {
  watched_end two{io_, poller_};
  run();
  const auto destroys = [&](watched_end& other) {
    return [&other] { other.destroy(); };
  };
  one_.then = destroys(two);
  two.then = destroys(one_);
  one_.ours().want_read();
  two.ours().want_read();
  one_.other_sends("a");
  two.other_sends("b");
  run();
  EXPECT_EQ(one_.reads + two.reads, 1);
}

TEST_F(poller_test, forgets_one_that_has_asked_for_another_turn) {
  one_.other_sends("abc");
  run();
  one_.ours().want_read(); // it is known to be readable: its turn has been asked for
  one_.destroy();
  run();
  EXPECT_EQ(one_.reads, 0);
}

TEST_F(poller_test, may_destroy_itself_when_it_is_told) {
  one_.then = [&] { one_.destroy(); };
  one_.ours().want_read();
  one_.other_sends("abc");
  run();
  EXPECT_EQ(one_.reads, 1);
}

TEST_F(poller_test, leaves_a_transport_to_asio_with_all_that_is_to_be_read) {
  one_.other_sends("abc");
  run();
  one_.ours().use_asio();
  EXPECT_FALSE(one_.ours().watched());
  std::string into(10, '\0');
  std::size_t got = 0;
  one_.ours().async_read_some(boost::asio::buffer(into),
                              [&](const boost::system::error_code&, std::size_t size) { got = size; });
  run();
  EXPECT_EQ(into.substr(0, got), "abc");
}

TEST_F(poller_test, takes_more_than_fit_into_one_turn) {
  std::vector<std::unique_ptr<watched_end>> many;
  for (int i = 0; i < 200; ++i) {
    many.push_back(std::make_unique<watched_end>(io_, poller_));
    many.back()->ours().want_read();
    many.back()->other_sends("x");
  }
  run();
  for (const auto& each : many)
    EXPECT_EQ(each->reads, 1);
}

} // namespace
} // namespace troupe::gateway
