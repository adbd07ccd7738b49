// One end of a socket pair is the transport, the other one a client that the test drives by hand.
#include "gateway/detail/transport.hpp"

#include "gateway/detail/tls_context.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/file_descriptor.hpp"
#include "tests/support/tls_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <gtest/gtest.h>

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>

namespace troupe::gateway {
namespace {

using boost::system::error_code;
using need = test::tls_client::need;

static_assert(boost::beast::is_async_stream<transport>::value);

std::shared_ptr<const tls_context> self_signed() {
  static const auto made = [] {
    config::tls_settings settings;
    settings.self_signed = true;
    return std::make_shared<const tls_context>(settings);
  }();
  return made;
}

/// What a read came to.
struct read_result {
  error_code error;
  std::string bytes;
};

/// A transport, and who is at the other end of its socket.
class two_ends {
public:
  [[nodiscard]] transport& ours() { return *transport_; }
  [[nodiscard]] test::tls_client& client() { return *client_; }
  [[nodiscard]] int client_socket() const { return other_.get(); }

  void run() {
    io_.restart();
    io_.poll();
  }

  /// All that the client can read now; `last` tells how it ended.
  std::string client_reads(need& last) {
    std::string out, some(65536, '\0');
    std::size_t got = 0;
    while ((last = client().read(some.data(), some.size(), got)) == need::nothing)
      out.append(some, 0, got);
    return out;
  }

protected:
  two_ends() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    other_ = test::file_descriptor{ends[1]};
    transport_.emplace(io_, detail::file_descriptor{ends[0]});
    client_.emplace(other_.get(), test::tls_options{});
  }
  ~two_ends() = default;

  /// Made when it is asked for.
  detail::poller& sockets() { return sockets_ ? *sockets_ : sockets_.emplace(io_); }

private:
  boost::asio::io_context io_;
  std::optional<detail::poller> sockets_;
  test::file_descriptor other_;
  std::optional<transport> transport_;
  std::optional<test::tls_client> client_;
};

class connection final : public two_ends {
public:
  connection() { ours().use_asio(); }

  /// Begins a read; its result is there once it has come.
  const std::optional<read_result>& read(std::size_t size = 100) {
    result_.reset();
    buffer_.resize(size);
    ours().async_read_some(boost::asio::buffer(buffer_), [this](error_code ec, std::size_t got) {
      result_ = {ec, buffer_.substr(0, got)};
    });
    EXPECT_FALSE(result_) << "called from within";
    return result_;
  }

  /// TLS on both sides, and a read under way.
  const std::optional<read_result>& shake_hands() {
    ours().start_tls(self_signed(), {});
    const auto& result = read();
    for (int i = 0; i < 10 && client().handshake() != need::nothing; ++i)
      run();
    EXPECT_EQ(client().handshake(), need::nothing) << client().problem();
    run();
    EXPECT_FALSE(result);
    return result;
  }

  void client_sends(const std::string& bytes) {
    std::size_t taken = 0;
    EXPECT_EQ(client().write(bytes.data(), bytes.size(), taken), need::nothing);
    EXPECT_EQ(taken, bytes.size());
    run();
  }

private:
  std::string buffer_;
  std::optional<read_result> result_;
};

const std::string noise(300'000, 'n');

/// Sends as a session does until nothing more is taken; gives how much was.
std::size_t send_what_fits(transport& to, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto taken = to.send(bytes.data() + sent, bytes.size() - sent);
    if (taken < 0)
      break;
    sent += static_cast<std::size_t>(taken);
  }
  return sent;
}

TEST(transport, without_tls_is_the_socket) {
  connection pair;
  const auto& read = pair.read();
  EXPECT_EQ(::send(pair.client_socket(), "abc", 3, 0), 3);
  pair.run();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "abc");
  EXPECT_EQ(pair.ours().send("defg", 4), 4);
  char got[8] = {};
  EXPECT_EQ(::recv(pair.client_socket(), got, sizeof got, 0), 4);
  EXPECT_EQ(std::string{got}, "defg");
  pair.ours().shutdown_send(nullptr);
  EXPECT_EQ(::recv(pair.client_socket(), got, sizeof got, 0), 0);
}

TEST(transport, carries_bytes_over_tls_in_both_directions) {
  connection pair;
  const auto& read = pair.shake_hands();
  pair.client_sends("hello");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "hello");
  EXPECT_EQ(pair.ours().send("world", 5), 5);
  need last{};
  EXPECT_EQ(pair.client_reads(last), "world");
  EXPECT_EQ(last, need::readable);
}

TEST(transport, gives_a_record_in_pieces_without_waiting_for_the_socket) {
  connection pair;
  const auto& first = pair.shake_hands();
  pair.client_sends(std::string(100, 'a') + "rest");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->bytes, std::string(100, 'a'));
  const auto& second = pair.read();
  pair.run();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->bytes, "rest");
}

TEST(transport, takes_what_was_read_before_for_the_beginning_of_tls) {
  connection pair;
  EXPECT_EQ(pair.client().handshake(), need::readable);
  std::string greeting(4096, '\0');
  const auto got = ::recv(pair.ours().native_handle(), greeting.data(), greeting.size(), 0);
  ASSERT_GT(got, 100);
  pair.ours().start_tls(self_signed(), {greeting.data(), static_cast<std::size_t>(got)});
  const auto& read = pair.read();
  pair.run();
  EXPECT_EQ(pair.client().handshake(), need::nothing) << pair.client().problem();
  pair.client_sends("hello");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "hello");
}

TEST(transport, reads_while_it_cannot_send) {
  connection pair;
  const auto& read = pair.shake_hands();
  ASSERT_LT(send_what_fits(pair.ours(), noise), noise.size());
  pair.client_sends("meanwhile");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "meanwhile");
}

TEST(transport, writes_asynchronously_for_streams_on_top_of_it) {
  connection pair;
  pair.shake_hands();
  std::size_t sent = 0;
  const std::string bytes = "from above";
  pair.ours().async_write_some(boost::asio::buffer(bytes),
                               [&](error_code ec, std::size_t size) { sent = ec ? 0 : size; });
  EXPECT_EQ(sent, 0U) << "called from within";
  pair.run();
  EXPECT_EQ(sent, bytes.size());
  need last{};
  EXPECT_EQ(pair.client_reads(last), bytes);
}

// -- watched ------------------------------------------------------------------------------------------

/// As a session has it: told by a poller, it receives once.
class watched_connection final : public two_ends, private transport::user {
public:
  watched_connection() { EXPECT_TRUE(ours().watch(sockets(), *this)); }

  [[nodiscard]] int times_readable() const { return times_readable_; }
  [[nodiscard]] int times_writable() const { return times_writable_; }

  /// Until both sides have said what they have to.
  void shake_hands() {
    ours().start_tls(self_signed(), {});
    for (int i = 0; i < 10 && client().handshake() != need::nothing; ++i)
      EXPECT_EQ(receives(), "");
    EXPECT_EQ(client().handshake(), need::nothing) << client().problem();
    EXPECT_EQ(receives(), "");
  }

  /// What one `receive` gives; nothing, too, when the poller does not say that it may give something.
  std::string receives(std::size_t size = 100) {
    size_ = size;
    received_ = "";
    ours().want_read();
    run();
    return received_;
  }

  void client_sends(std::string_view bytes) {
    std::size_t taken = 0;
    EXPECT_EQ(client().write(bytes.data(), bytes.size(), taken), need::nothing);
  }

private:
  void on_ready(bool readable, bool writable) override {
    times_writable_ += writable ? 1 : 0;
    if (!readable)
      return;
    ++times_readable_;
    std::string into(size_, '\0');
    const auto got = ours().receive(into.data(), into.size());
    received_ = got > 0 ? into.substr(0, static_cast<std::size_t>(got)) : got == 0 ? "end" : errno == EAGAIN ? "" : "error";
    if (got < 0 && errno == EAGAIN)
      ours().want_read();
  }

  std::size_t size_ = 0;
  std::string received_;
  int times_readable_ = 0;
  int times_writable_ = 0;
};

TEST(watched_transport, carries_bytes_over_tls_in_both_directions) {
  watched_connection pair;
  pair.shake_hands();
  pair.client_sends("hello");
  EXPECT_EQ(pair.receives(), "hello");
  EXPECT_EQ(pair.ours().send("world", 5), 5);
  need last{};
  EXPECT_EQ(pair.client_reads(last), "world");
  pair.client().shut_down();
  EXPECT_EQ(pair.receives(), "end");
}

TEST(watched_transport, gives_records_and_their_pieces_without_waiting_for_the_socket) {
  watched_connection pair;
  pair.shake_hands();
  pair.client_sends(std::string(100, 'a') + "rest");
  pair.client_sends("next");
  EXPECT_EQ(pair.receives(), std::string(100, 'a'));
  EXPECT_EQ(pair.receives(), "rest");
  EXPECT_EQ(pair.receives(), "next");
  EXPECT_EQ(pair.receives(), "");
}

TEST(watched_transport, keeps_in_mind_what_has_come_while_records_were_left) {
  watched_connection pair;
  pair.shake_hands();
  pair.client_sends("first");
  pair.client_sends("second");
  EXPECT_EQ(pair.receives(), "first");
  pair.client_sends("third");
  pair.run(); // the poller tells of it, and nobody wants to read
  EXPECT_EQ(pair.receives(), "second");
  EXPECT_EQ(pair.receives(), "third");
}

TEST(watched_transport, waits_for_the_rest_of_a_record) {
  watched_connection pair;
  pair.shake_hands();
  const auto before = pair.times_readable();
  EXPECT_EQ(::send(pair.client_socket(), "\x17\x03\x03", 3, 0), 3);
  EXPECT_EQ(pair.receives(), "");
  for (int i = 0; i < 10; ++i)
    pair.run();
  EXPECT_EQ(pair.times_readable(), before + 1);
}

TEST(watched_transport, takes_no_more_than_the_socket_and_says_when_there_is_room) {
  watched_connection pair;
  pair.shake_hands();
  std::string bytes = noise;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>('a' + i % 26);
  auto sent = send_what_fits(pair.ours(), bytes);
  ASSERT_LT(sent, bytes.size());
  EXPECT_TRUE(errno == EAGAIN || errno == EWOULDBLOCK);
  std::string received;
  need last{};
  for (int i = 0; i < 100 && sent < bytes.size(); ++i) {
    const auto before = pair.times_writable();
    pair.ours().want_write();
    pair.run();
    EXPECT_EQ(pair.times_writable(), before);
    received += pair.client_reads(last);
    pair.run();
    ASSERT_EQ(pair.times_writable(), before + 1);
    const std::string elsewhere = bytes.substr(sent); // as a buffer that has moved
    sent += send_what_fits(pair.ours(), elsewhere);
  }
  received += pair.client_reads(last);
  EXPECT_TRUE(received == bytes) << received.size();
}

TEST(watched_transport, is_kept_until_there_is_room_to_say_that_nothing_more_comes) {
  watched_connection pair;
  pair.shake_hands();
  std::string raw(4'000'000, '\0');
  while (::send(pair.ours().native_handle(), "x", 1, 0) == 1) { // past TLS, so that not a byte of room is left
  }
  const auto owner = std::make_shared<int>();
  pair.ours().shutdown_send(owner);
  pair.run();
  EXPECT_EQ(owner.use_count(), 2);
  while (::recv(pair.client_socket(), raw.data(), raw.size(), 0) > 0) {
  }
  pair.run();
  EXPECT_EQ(owner.use_count(), 1);
  ASSERT_GT(::recv(pair.client_socket(), raw.data(), raw.size(), 0), 5);
  EXPECT_TRUE(raw.starts_with("\x17\x03\x03")) << "an encrypted record: the farewell";
}

TEST(watched_transport, keeps_nobody_when_it_is_closed) {
  watched_connection pair;
  pair.shake_hands();
  while (::send(pair.ours().native_handle(), "x", 1, 0) == 1) {
  }
  const auto owner = std::make_shared<int>();
  pair.ours().shutdown_send(owner);
  EXPECT_EQ(owner.use_count(), 2);
  pair.ours().close();
  pair.ours().close();
  EXPECT_EQ(owner.use_count(), 1);
  EXPECT_EQ(pair.ours().send("x", 1), -1);
}

// -- the end ------------------------------------------------------------------------------------------

TEST(transport, tells_the_client_that_nothing_more_comes_and_reads_on) {
  connection pair;
  const auto& read = pair.shake_hands();
  EXPECT_EQ(pair.ours().send("last", 4), 4);
  pair.ours().shutdown_send(nullptr);
  need last{};
  EXPECT_EQ(pair.client_reads(last), "last");
  EXPECT_EQ(last, need::end);
  pair.client_sends("answer");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "answer");
}

TEST(transport, waits_for_room_before_it_says_that_nothing_more_comes) {
  connection pair;
  pair.shake_hands();
  need last{};
  EXPECT_EQ(pair.client_reads(last), "");
  std::string filling; // past TLS, so that not a byte of room is left
  while (::send(pair.ours().native_handle(), "x", 1, 0) == 1)
    filling += 'x';
  const auto owner = std::make_shared<int>();
  pair.ours().shutdown_send(owner);
  EXPECT_EQ(owner.use_count(), 2) << "kept for as long as it waits";
  std::string raw(filling.size() + 1000, '\0');
  const auto receive = [&](std::size_t size) {
    const auto got = ::recv(pair.client_socket(), raw.data(), size, 0);
    return raw.substr(0, got < 0 ? 0 : static_cast<std::size_t>(got));
  };
  std::string received;
  while (received.size() < filling.size())
    received += receive(filling.size() - received.size());
  EXPECT_TRUE(received == filling);
  pair.run();
  EXPECT_TRUE(receive(1000).starts_with("\x17\x03\x03")) << "an encrypted record: the farewell";
  EXPECT_EQ(::recv(pair.client_socket(), raw.data(), raw.size(), 0), 0);
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(transport, reports_the_end_of_what_the_client_sends) {
  connection pair;
  const auto& read = pair.shake_hands();
  pair.client().shut_down();
  pair.run();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->error, boost::asio::error::eof);
  EXPECT_EQ(pair.ours().send("still", 5), 5);
  need last{};
  EXPECT_EQ(pair.client_reads(last), "still");
}

TEST(transport, takes_a_socket_that_ends_for_the_end_of_what_the_client_sends) {
  connection pair;
  const auto& read = pair.shake_hands();
  ::shutdown(pair.client_socket(), SHUT_WR); // without a word of TLS
  pair.run();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->error, boost::asio::error::eof);
}

TEST(transport, ends_what_is_under_way_when_it_is_closed) {
  connection pair;
  const auto& read = pair.shake_hands();
  pair.ours().close();
  pair.run();
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->error);
  EXPECT_EQ(pair.ours().send("x", 1), -1);
  need last{};
  pair.client_reads(last);
  EXPECT_EQ(last, need::end) << "the client has been told";
}

TEST(transport, does_not_touch_the_socket_of_another_connection_after_its_end) {
  connection pair;
  pair.shake_hands();
  const auto number = pair.ours().native_handle();
  pair.ours().close();
  pair.run();
  connection other; // the kernel gives the lowest number that is free
  ASSERT_TRUE(other.ours().native_handle() == number || other.client_socket() == number);
  EXPECT_EQ(pair.ours().send("stray", 5), -1);
  pair.ours().shutdown_send(nullptr);
  const auto& read = pair.read();
  pair.run();
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->error);
  const auto& undisturbed = other.read();
  EXPECT_EQ(::send(other.client_socket(), "abc", 3, 0), 3);
  other.run();
  ASSERT_TRUE(undisturbed);
  EXPECT_EQ(undisturbed->bytes, "abc");
}

TEST(transport, closes_in_the_middle_of_a_handshake) {
  connection pair;
  pair.ours().start_tls(self_signed(), {});
  const auto& read = pair.read();
  EXPECT_EQ(pair.client().handshake(), need::readable);
  pair.ours().close();
  pair.run();
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->error);
}

TEST(transport, refuses_what_is_no_tls) {
  for (const std::string& bytes : {std::string{"\0\0\0\0\0\0\0\0", 8}, noise.substr(0, 1000),
                                  std::string{"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10}}) {
    connection pair;
    pair.ours().start_tls(self_signed(), {});
    const auto& read = pair.read();
    EXPECT_EQ(::send(pair.client_socket(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    pair.run();
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->error && read->error != boost::asio::error::eof);
  }
}

TEST(transport, tells_a_client_of_plain_http_what_is_wrong) {
  connection pair;
  pair.ours().start_tls(self_signed(), {});
  const auto& read = pair.read();
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(::send(pair.client_socket(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  pair.run();
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->error);
  std::string answer(4096, '\0');
  const auto got = ::recv(pair.client_socket(), answer.data(), answer.size(), 0);
  ASSERT_GT(got, 0);
  answer.resize(static_cast<std::size_t>(got));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  const auto body = answer.find("\r\n\r\n") + 4;
  EXPECT_NE(answer.find("Content-Length: " + std::to_string(answer.size() - body) + "\r\n"),
            std::string::npos)
      << answer;
}

} // namespace
} // namespace troupe::gateway
