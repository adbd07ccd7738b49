// bench-epoll THREADS PORT: a bare epoll server, the floor that Troupe is measured against. It
// parses and routes nothing: each "\r\n\r\n" is a request, and its answer has the bytes of the
// TechEmpower plaintext test. One listener and one epoll loop per thread, 127.0.0.1 only.

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(2);
}

struct connection {
  int matched = 0;      // bytes of "\r\n\r\n" seen at the end of what was read
  bool waiting = false; // for room in the socket: reads nothing until it has sent the rest
  std::string unsent;
};

class loop {
public:
  explicit loop(std::uint16_t port) : epoll_(epoll_create1(0)), listener_(listen_on(port)) {
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
  }

  void run() {
    std::vector<epoll_event> events(256);
    for (;;) {
      const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < n; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_)
          accept_one();
        else if (!(event.events & EPOLLOUT ? flush(event.data.fd) : serve(event.data.fd)))
          drop(event.data.fd);
      }
    }
  }

private:
  static int listen_on(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      fail("bind");
    if (listen(fd, 1024) != 0)
      fail("listen");
    return fd;
  }

  void watch(int operation, int fd, std::uint32_t what) const {
    epoll_event event{};
    event.events = what;
    event.data.fd = fd;
    epoll_ctl(epoll_, operation, fd, &event);
  }

  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0)
      return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connections_.size() <= static_cast<std::size_t>(fd))
      connections_.resize(static_cast<std::size_t>(fd) + 1);
    at(fd) = {};
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }

  void drop(int fd) { close(fd); }

  connection& at(int fd) { return connections_[static_cast<std::size_t>(fd)]; }

  /// Reads once and answers every request that this completed. False: the connection is over.
  bool serve(int fd) {
    const ssize_t n = read(fd, buffer_, sizeof buffer_);
    if (n <= 0)
      return n < 0 && errno == EAGAIN;
    auto& self = at(fd);
    for (const char c : std::string_view(buffer_, static_cast<std::size_t>(n))) {
      if (c == "\r\n\r\n"[self.matched])
        ++self.matched;
      else
        self.matched = c == '\r' ? 1 : 0;
      if (self.matched == 4) {
        self.matched = 0;
        self.unsent += answer();
      }
    }
    return self.unsent.empty() || flush(fd);
  }

  bool flush(int fd) {
    auto& self = at(fd);
    auto& unsent = self.unsent;
    const ssize_t n = send(fd, unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
      return false;
    unsent.erase(0, n > 0 ? static_cast<std::size_t>(n) : 0);
    if (self.waiting == unsent.empty()) {
      self.waiting = !unsent.empty();
      watch(EPOLL_CTL_MOD, fd, self.waiting ? EPOLLOUT : EPOLLIN);
    }
    return true;
  }

  const std::string& answer() {
    if (const std::time_t now = std::time(nullptr); now != answer_time_) {
      char date[64];
      std::tm utc{};
      std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
      answer_time_ = now;
      answer_ = std::string("HTTP/1.1 200 OK\r\nServer: epoll\r\nDate: ") + date
                + "\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
    }
    return answer_;
  }

  int epoll_;
  int listener_;
  std::vector<connection> connections_; // by file descriptor
  std::time_t answer_time_ = 0;
  std::string answer_;
  char buffer_[16384];
};

} // namespace

int main(int argc, char** argv) {
  const int threads = argc == 3 ? std::atoi(argv[1]) : 0;
  const int port = argc == 3 ? std::atoi(argv[2]) : 0;
  if (threads < 1 || port < 1 || port > 65535) {
    std::fprintf(stderr, "usage: bench-epoll THREADS PORT\n");
    return 2;
  }
  std::signal(SIGTERM, [](int) { _exit(0); });
  std::signal(SIGINT, [](int) { _exit(0); });
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i)
    running.emplace_back(
        [listening = new loop(static_cast<std::uint16_t>(port))] { listening->run(); });
  std::printf("bench-epoll: %d threads on 127.0.0.1:%d\n", threads, port);
  std::fflush(stdout);
}
