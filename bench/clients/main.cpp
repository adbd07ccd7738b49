// bench-clients [--clients N] [--seconds S] [--keys N] [--body BYTES] [--log FILE] PORT[,PORT...] 'METHOD TARGET'...
//
// Keep-alive clients that send one request after the other for S seconds, or until SIGTERM, and note what became of
// each. Client i has one of the requests and one of the ports, in turns. In a target {client} and {number} stand for
// the client and the number of its request, {key} and {other} for two different numbers below --keys.
//
// The log has a line for each request: the time of its end (milliseconds since 1970), microseconds, status (0: no
// whole answer), method, target, and the beginning of the body, or why there was none. Prints a line for each method:
//
//   GET: N answers, STATUS: N, ...; p50 N ms p99 N ms max N ms
#include "bench/loopback.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using clock_type = std::chrono::steady_clock;
using troupe::bench::connect_to_loopback, troupe::bench::die;

/// Before a client that could not be served tries again.
constexpr std::chrono::milliseconds pause_after_failure{5};
/// How long answers are awaited at the end.
constexpr std::chrono::seconds patience{40};
constexpr std::size_t noted_of_body = 160;

volatile std::sig_atomic_t stopped = 0;

struct options {
  std::size_t clients = 16;
  double seconds = 1e9;
  std::uint64_t keys = 1000;
  std::size_t body = 0;
  std::FILE* log = nullptr;
  std::vector<int> ports;
  std::vector<std::pair<std::string, std::string>> requests; // method, target
};

struct client {
  std::size_t index = 0;
  int port = 0;
  int handle = -1;
  std::uint64_t number = 0;
  bool busy = false;
  clock_type::time_point began;
  std::string target;
  std::string out;
  std::string in;
};

struct figures {
  std::map<int, std::size_t> by_status;
  std::vector<float> milliseconds;
};

class load {
public:
  explicit load(const options& how) : how_(how), clients_(how.clients) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      clients_[i].index = i;
      clients_[i].port = how.ports[i / how.requests.size() % how.ports.size()];
      waiting_.emplace_back(clock_type::now(), &clients_[i]);
    }
  }

  const std::map<std::string, figures>& run() {
    const auto until = clock_type::now() + std::chrono::duration<double>(how_.seconds);
    while (stopped == 0 && clock_type::now() < until) {
      begin_due();
      wait();
    }
    const auto latest = clock_type::now() + patience;
    while (std::any_of(clients_.begin(), clients_.end(), [](const auto& each) { return each.busy; })
           && clock_type::now() < latest)
      wait();
    for (auto& each : clients_)
      if (each.busy)
        end(each, 0, "no answer by the end");
    return figures_;
  }

private:
  const std::string& method(const client& of) const { return how_.requests[of.index % how_.requests.size()].first; }

  void begin_due() {
    while (!waiting_.empty() && waiting_.front().first <= clock_type::now()) {
      auto& next = *waiting_.front().second;
      waiting_.pop_front();
      begin(next);
    }
  }

  void begin(client& by) {
    by.began = clock_type::now();
    by.busy = true;
    by.target = filled(by);
    ++by.number;
    by.in.clear();
    by.out = method(by) + " " + by.target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    if (method(by) != "GET")
      by.out += "Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(how_.body) + "\r\n";
    by.out += "\r\n";
    if (method(by) != "GET")
      by.out.append(how_.body, 'x');
    if (by.handle < 0 && !connect_to_loopback(by.handle, by.port, poll_, EPOLLIN | EPOLLOUT | EPOLLET, &by))
      return fail(by, "cannot be reached");
    flush(by);
  }

  std::string filled(const client& by) const {
    const auto key = (by.index * 7919 + by.number * 31) % how_.keys;
    const auto other = how_.keys < 2 ? key : (key + 1 + by.number % (how_.keys - 1)) % how_.keys;
    auto out = how_.requests[by.index % how_.requests.size()].second;
    const std::array<std::pair<const char*, std::uint64_t>, 4> places{
      {{"{client}", by.index}, {"{number}", by.number}, {"{key}", key}, {"{other}", other}}};
    for (const auto& [name, value] : places)
      for (auto at = out.find(name); at != std::string::npos; at = out.find(name))
        out.replace(at, std::strlen(name), std::to_string(value));
    return out;
  }

  void flush(client& by) {
    while (!by.out.empty()) {
      const auto sent = ::send(by.handle, by.out.data(), by.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EAGAIN)
        return;
      if (sent < 0)
        return; // what there is to read tells more
      by.out.erase(0, static_cast<std::size_t>(sent));
    }
  }

  void wait() {
    std::array<epoll_event, 256> events;
    const int n = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), waiting_.empty() ? 20 : 1);
    for (int i = 0; i < n; ++i) {
      auto& by = *static_cast<client*>(events[static_cast<std::size_t>(i)].data.ptr);
      flush(by);
      receive(by);
    }
  }

  void receive(client& by) {
    std::array<char, 16384> buffer;
    while (by.handle >= 0) {
      const auto got = recv(by.handle, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN)
        return;
      if (got <= 0) {
        if (by.busy)
          fail(by, by.in.empty() ? "connection ended" : "connection ended within the answer");
        else
          drop(by);
        return;
      }
      by.in.append(buffer.data(), static_cast<std::size_t>(got));
      take_answer(by);
    }
  }

  void take_answer(client& by) {
    const auto head = by.in.find("\r\n\r\n");
    if (!by.busy || head == std::string::npos)
      return;
    std::size_t length = 0;
    if (const auto at = by.in.find("Content-Length: "); at < head)
      length = std::strtoul(by.in.c_str() + at + 16, nullptr, 10);
    if (by.in.size() < head + 4 + length)
      return;
    if (by.in.find("Connection: close") < head)
      drop(by);
    end(by, std::atoi(by.in.c_str() + 9), by.in.substr(head + 4, noted_of_body));
  }

  void fail(client& by, const char* why) {
    drop(by);
    end(by, 0, why);
  }

  void drop(client& by) {
    close(by.handle);
    by.handle = -1;
    by.out.clear();
  }

  void end(client& by, int status, std::string text) {
    const auto now = clock_type::now();
    const auto took = std::chrono::duration<float, std::milli>(now - by.began).count();
    by.busy = false;
    auto& counted = figures_[method(by)];
    ++counted.by_status[status];
    counted.milliseconds.push_back(took);
    if (how_.log != nullptr) {
      std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
      const auto since = std::chrono::system_clock::now().time_since_epoch();
      std::fprintf(how_.log, "%lld %.0f %d %s %s %s\n",
                   static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count()),
                   static_cast<double>(took) * 1000, status, method(by).c_str(), by.target.c_str(), text.c_str());
    }
    if (status != 0 && status < 500)
      waiting_.emplace_front(now, &by);
    else
      waiting_.emplace_back(now + pause_after_failure, &by);
  }

  const options& how_;
  std::vector<client> clients_;
  int poll_ = troupe::bench::new_epoll();
  std::deque<std::pair<clock_type::time_point, client*>> waiting_; // to begin their next request, the first one first
  std::map<std::string, figures> figures_;
};

void print(const std::string& method, figures of) {
  std::printf("%s: %zu answers", method.c_str(), of.milliseconds.size());
  for (const auto& [status, count] : of.by_status)
    std::printf(", %d: %zu", status, count);
  std::sort(of.milliseconds.begin(), of.milliseconds.end());
  const auto last = static_cast<double>(of.milliseconds.size() - 1);
  const auto part = [&](double which) {
    return static_cast<double>(of.milliseconds[static_cast<std::size_t>(which * last)]);
  };
  std::printf("; p50 %.2f ms p99 %.2f ms max %.1f ms\n", part(0.5), part(0.99), part(1));
}

options parse(int argc, char** argv) {
  options out;
  int at = 1;
  for (; at + 1 < argc && std::strncmp(argv[at], "--", 2) == 0; at += 2) {
    const std::string name = argv[at];
    const char* value = argv[at + 1];
    if (name == "--clients")
      out.clients = std::strtoul(value, nullptr, 10);
    else if (name == "--seconds")
      out.seconds = std::atof(value);
    else if (name == "--keys")
      out.keys = std::strtoul(value, nullptr, 10);
    else if (name == "--body")
      out.body = std::strtoul(value, nullptr, 10);
    else if (name == "--log")
      out.log = std::fopen(value, "w");
    else
      break;
    if (name == "--log" && out.log == nullptr)
      die(value);
  }
  for (const char* port = at < argc ? argv[at++] : nullptr; port != nullptr && *port != 0;) {
    if (const int number = std::atoi(port); number > 0)
      out.ports.push_back(number);
    port = std::strchr(port, ',');
    port = port == nullptr ? nullptr : port + 1;
  }
  for (; at < argc; ++at) {
    const std::string text = argv[at];
    const auto space = text.find(' ');
    out.requests.emplace_back(text.substr(0, space), space == std::string::npos ? "/" : text.substr(space + 1));
  }
  return out;
}

} // namespace

int main(int argc, char** argv) {
  const auto how = parse(argc, argv);
  if (how.ports.empty() || how.requests.empty() || how.keys == 0) {
    std::fprintf(stderr, "usage: bench-clients [--clients N] [--seconds S] [--keys N] [--body BYTES] [--log FILE] "
                         "PORT[,PORT...] 'METHOD TARGET'...\n");
    return 2;
  }
  std::signal(SIGTERM, [](int) { stopped = 1; });
  std::signal(SIGINT, [](int) { stopped = 1; });
  load all{how};
  for (const auto& [method, of] : all.run())
    print(method, of);
  if (how.log != nullptr)
    std::fclose(how.log);
}
