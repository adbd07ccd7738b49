// bench-websocket PORT PATH CONNECTIONS BYTES SECONDS
//
// Each connection is a WebSocket that sends a text message of so many bytes (up to 65,535), waits for a message of the
// same size to come back, and sends the next one. Prints what bench/suite's script for wrk prints of requests:
//
//   RESULT {"requests":N,"microseconds":N,"failed":N,"refused":0,"p50":ms,"p99":ms,"p999":ms}
//
// failed: connections that ended, or that were answered with something else; they are not opened again.
#include "bench/loopback.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using clock_type = std::chrono::steady_clock;
using troupe::bench::connect_to_loopback, troupe::bench::die;

constexpr std::size_t longest_message = 65'535;
constexpr std::size_t longest_short_message = 125;

/// A whole text message as a client sends it, with a mask of zeros.
std::string client_frame(std::size_t bytes) {
  std::string out = "\x81";
  if (bytes <= longest_short_message) {
    out += static_cast<char>(0x80 | bytes);
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(bytes >> 8);
    out += static_cast<char>(bytes & 0xff);
  }
  return out.append(4, '\0').append(bytes, 'x');
}

struct connection {
  int handle = -1;
  std::size_t received = 0; // of the message that is awaited
  clock_type::time_point sent;
};

class generator {
public:
  generator(int port, std::string_view path, std::size_t connections, std::size_t bytes)
    : frame_(client_frame(bytes)), answer_size_(frame_.size() - 4), connections_(connections) {
    for (auto& each : connections_)
      open(each, port, path);
  }

  void run(double seconds) {
    const auto begin = clock_type::now();
    const auto end = begin + std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(seconds));
    for (auto& each : connections_)
      send(each);
    epoll_event events[256];
    while (clock_type::now() < end && failed_ < connections_.size()) {
      const int n = epoll_wait(poll_, events, 256, 100);
      for (int i = 0; i < n; ++i)
        receive(*static_cast<connection*>(events[i].data.ptr));
    }
    took_ = clock_type::now() - begin;
  }

  void print() {
    std::sort(milliseconds_.begin(), milliseconds_.end());
    const auto at = [&](double part) {
      return milliseconds_.empty() ? 0 : milliseconds_[static_cast<std::size_t>(part * static_cast<double>(milliseconds_.size() - 1))];
    };
    std::printf("RESULT {\"requests\":%zu,\"microseconds\":%lld,\"failed\":%zu,\"refused\":0,\"p50\":%f,\"p99\":%f,\"p999\":%f}\n",
                milliseconds_.size(),
                static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(took_).count()), failed_,
                at(0.5), at(0.99), at(0.999));
  }

private:
  /// Connects and becomes a WebSocket, one after the other.
  void open(connection& to, int port, std::string_view path) {
    if (!connect_to_loopback(to.handle, port, poll_, EPOLLIN, &to))
      die("connect");
    const auto handshake = "GET " + std::string{path}
                           + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    if (::send(to.handle, handshake.data(), handshake.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(handshake.size()))
      die("send");
    std::string answer;
    char byte = 0;
    while (!answer.ends_with("\r\n\r\n")) { // no byte of what comes behind it
      if (recv(to.handle, &byte, 1, 0) != 1)
        die("no answer to the handshake");
      answer += byte;
    }
    if (!answer.starts_with("HTTP/1.1 101 ")) {
      std::fprintf(stderr, "the handshake was answered with %s\n", answer.substr(0, answer.find('\r')).c_str());
      std::exit(1);
    }
  }

  void send(connection& by) {
    by.received = 0;
    by.sent = clock_type::now();
    for (std::size_t done = 0; done < frame_.size();) { // waits, as a blocking client does
      const auto n = ::send(by.handle, frame_.data() + done, frame_.size() - done, MSG_NOSIGNAL);
      if (n <= 0)
        return lose(by);
      done += static_cast<std::size_t>(n);
    }
  }

  void receive(connection& from) {
    char buffer[65536];
    const auto got = recv(from.handle, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
      return;
    if (got <= 0 || (from.received == 0 && buffer[0] != '\x81'))
      return lose(from);
    from.received += static_cast<std::size_t>(got);
    if (from.received > answer_size_)
      return lose(from);
    if (from.received < answer_size_)
      return;
    milliseconds_.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - from.sent).count());
    send(from);
  }

  void lose(connection& which) {
    ++failed_;
    close(which.handle);
  }

  std::string frame_;
  std::size_t answer_size_; // without a mask
  std::vector<connection> connections_;
  int poll_ = troupe::bench::new_epoll();
  std::vector<double> milliseconds_;
  std::size_t failed_ = 0;
  clock_type::duration took_{};
};

} // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at) { return at < argc ? std::strtoul(argv[at], nullptr, 10) : 0; };
  if (argc != 6 || number(1) == 0 || number(3) == 0 || number(4) > longest_message || std::atof(argv[5]) <= 0) {
    std::fprintf(stderr, "usage: bench-websocket PORT PATH CONNECTIONS BYTES SECONDS\n");
    return 2;
  }
  generator all{static_cast<int>(number(1)), argv[2], number(3), number(4)};
  all.run(std::atof(argv[5]));
  all.print();
}
