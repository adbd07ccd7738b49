// bench-open-loop PORT PATH RATE CONNECTIONS SECONDS
//
// Sends GETs at a fixed rate, whether answers come or not, over up to CONNECTIONS kept-alive
// connections, and measures each from the moment at which it was due: a server that falls behind cannot
// slow the count down, as it does with a client that waits for its answers. Prints one line:
//
//   sent N ok N refused N other N lost N goodput N/s p50 N ms p99 N ms p99.9 N ms
//
// refused: 503 or 429; lost: no answer by one second after the end. Goodput: answers with 2xx that came
// before the end. Percentiles are of all with 2xx.
#include "bench/loopback.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using clock_type = std::chrono::steady_clock;
using troupe::bench::connect_to_loopback, troupe::bench::die;

struct connection {
  int handle = -1;
  bool busy = false;
  clock_type::time_point due;
  std::string in;
};

struct counts {
  std::size_t sent = 0;
  std::size_t ok = 0;
  std::size_t in_time = 0;
  std::size_t refused = 0;
  std::size_t other = 0;
  std::vector<double> milliseconds; // of those with 2xx
};

class generator {
public:
  generator(int port, const std::string& path, std::size_t connections)
    : port_(port), request_("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
      connections_(connections) {
    for (auto& each : connections_) {
      open(each);
      idle_.push_back(&each);
    }
  }

  counts run(double rate, double seconds) {
    const auto begin = clock_type::now();
    const auto total = static_cast<std::size_t>(rate * seconds);
    const auto due = [&](std::size_t i) {
      return begin + std::chrono::duration_cast<clock_type::duration>(
                       std::chrono::duration<double>(static_cast<double>(i) / rate));
    };
    last_due_ = due(total);
    const auto end = last_due_ + std::chrono::seconds{1};
    std::size_t next = 0;
    while (clock_type::now() < end && (next < total || sent_.sent != answered())) {
      for (auto now = clock_type::now(); next < total && due(next) <= now && !idle_.empty(); ++next)
        send(due(next));
      wait();
    }
    sent_.sent = std::max(sent_.sent, next);
    due_ = total;
    return sent_;
  }

  [[nodiscard]] std::size_t due() const { return due_; }

private:
  [[nodiscard]] std::size_t answered() const { return sent_.ok + sent_.refused + sent_.other; }

  void open(connection& to) {
    if (!connect_to_loopback(to.handle, port_, poll_, EPOLLIN, &to))
      die("connect");
    to.in.clear();
  }

  void send(clock_type::time_point due) {
    auto& by = *idle_.front();
    idle_.pop_front();
    by.busy = true;
    by.due = due;
    ++sent_.sent;
    if (::send(by.handle, request_.data(), request_.size(), MSG_NOSIGNAL)
        != static_cast<ssize_t>(request_.size()))
      lose(by);
  }

  void lose(connection& which) {
    if (std::exchange(which.busy, false)) {
      ++sent_.other;
      idle_.push_back(&which);
    }
    close(which.handle);
    open(which);
  }

  void wait() {
    epoll_event events[256];
    const int n = epoll_wait(poll_, events, 256, idle_.empty() ? 1 : 0);
    for (int i = 0; i < n; ++i)
      receive(*static_cast<connection*>(events[i].data.ptr));
  }

  void receive(connection& from) {
    char buffer[16384];
    const auto got = recv(from.handle, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
      return;
    if (got <= 0) {
      lose(from);
      return;
    }
    from.in.append(buffer, static_cast<std::size_t>(got));
    const auto head = from.in.find("\r\n\r\n");
    if (head == std::string::npos)
      return;
    std::size_t length = 0;
    if (const auto at = from.in.find("Content-Length: "); at < head)
      length = std::strtoul(from.in.c_str() + at + 16, nullptr, 10);
    if (from.in.size() < head + 4 + length)
      return;
    note(from, std::atoi(from.in.c_str() + 9));
    const bool closes = from.in.find("Connection: close") < head;
    from.in.clear();
    from.busy = false;
    idle_.push_back(&from);
    if (closes) {
      close(from.handle);
      open(from);
    }
  }

  void note(const connection& from, int status) {
    if (status >= 200 && status < 300) {
      ++sent_.ok;
      sent_.in_time += clock_type::now() < last_due_ ? 1 : 0;
      sent_.milliseconds.push_back(
        std::chrono::duration<double, std::milli>(clock_type::now() - from.due).count());
    } else {
      ++(status == 503 || status == 429 ? sent_.refused : sent_.other);
    }
  }

  int port_;
  std::string request_;
  std::vector<connection> connections_;
  std::deque<connection*> idle_;
  int poll_ = troupe::bench::new_epoll();
  counts sent_;
  std::size_t due_ = 0;
  clock_type::time_point last_due_;
};

double percentile(std::vector<double>& values, double part) {
  if (values.empty())
    return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: bench-open-loop PORT PATH RATE CONNECTIONS SECONDS\n");
    return 2;
  }
  const double seconds = std::atof(argv[5]);
  generator load{std::atoi(argv[1]), argv[2], static_cast<std::size_t>(std::atoi(argv[4]))};
  auto done = load.run(std::atof(argv[3]), seconds);
  std::printf("sent %zu ok %zu refused %zu other %zu lost %zu goodput %.0f/s p50 %.3f ms p99 %.3f ms p99.9 %.3f ms\n",
              done.sent, done.ok, done.refused, done.other,
              load.due() - done.ok - done.refused - done.other,
              static_cast<double>(done.in_time) / seconds, percentile(done.milliseconds, 0.5),
              percentile(done.milliseconds, 0.99), percentile(done.milliseconds, 0.999));
}
