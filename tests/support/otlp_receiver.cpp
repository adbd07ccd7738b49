#include "tests/support/otlp_receiver.hpp"

#include <array>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <utility>

namespace troupe::test {

namespace {

constexpr std::string_view length_field = "\r\nContent-Length: ";

/// Of the request that begins so; 0: its head is not complete.
std::size_t size_of_request(std::string_view begun) {
  const auto head = begun.find("\r\n\r\n");
  if (head == std::string_view::npos)
    return 0;
  const auto length = begun.substr(0, head).find(length_field);
  const auto body = length == std::string_view::npos
                      ? 0
                      : std::stoul(std::string{begun.substr(length + length_field.size(), 12)});
  return head + 4 + body;
}

} // namespace

otlp_receiver::otlp_receiver(manner how) : how_(how), wake_(::eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread{[this] { run(); }};
}

otlp_receiver::~otlp_receiver() {
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void otlp_receiver::run() {
  for (;;) {
    std::array<pollfd, 2> ready{{{wake_.get(), POLLIN, 0}, {listener_.socket.get(), POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    if (ready[0].revents != 0)
      return;
    if (ready[1].revents != 0)
      serve(file_descriptor{::accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC)});
  }
}

std::optional<std::string> otlp_receiver::read_request(const file_descriptor& from) const {
  std::string out;
  for (;;) {
    const auto size = size_of_request(out);
    if (size != 0 && out.size() >= size)
      return out;
    std::array<pollfd, 2> ready{{{wake_.get(), POLLIN, 0}, {from.get(), POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    if (ready[0].revents != 0)
      return std::nullopt;
    std::array<char, 65536> part;
    const auto got = ::recv(from.get(), part.data(), part.size(), 0);
    if (got <= 0)
      return std::nullopt;
    out.append(part.data(), static_cast<std::size_t>(got));
  }
}

void otlp_receiver::serve(file_descriptor connection) {
  auto request = read_request(connection);
  if (!request)
    return;
  {
    const std::lock_guard locked{guard_};
    if (how_ == manner::takes)
      unread_.push_back(std::move(*request));
    ++requests_;
  }
  changed_.notify_all();
  if (how_ == manner::keeps_silent) {
    silent_.push_back(std::move(connection));
    return;
  }
  const std::string answer =
      how_ == manner::takes
          ? "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
          : "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  static_cast<void>(::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
}

void otlp_receiver::read_what_came(std::unique_lock<std::mutex>& locked) const {
  while (!unread_.empty()) {
    const auto requests = std::exchange(unread_, {});
    locked.unlock();
    std::vector<std::string> wrong;
    std::vector<otlp_span> found;
    for (const std::string_view request : requests) {
      const auto head = request.substr(0, request.find("\r\n\r\n"));
      if (!head.starts_with("POST /v1/traces HTTP/1.1\r\n")
          || head.find("\r\nContent-Type: application/json") == std::string_view::npos)
        wrong.emplace_back(head);
      try {
        for (auto& each : read_otlp(request.substr(head.size() + 4)))
          found.push_back(std::move(each));
      } catch (const std::exception& e) {
        wrong.emplace_back(e.what());
      }
    }
    locked.lock();
    complaints_.insert(complaints_.end(), wrong.begin(), wrong.end());
    for (auto& each : found)
      spans_.push_back(std::move(each));
  }
}

std::vector<otlp_span> otlp_receiver::spans() const {
  std::unique_lock locked{guard_};
  read_what_came(locked);
  return spans_;
}

std::vector<std::string> otlp_receiver::complaints() const {
  std::unique_lock locked{guard_};
  read_what_came(locked);
  return complaints_;
}

bool otlp_receiver::wait_for_spans(std::size_t count, milliseconds limit) const {
  const auto until = deadline{limit}.when();
  std::unique_lock locked{guard_};
  read_what_came(locked);
  while (spans_.size() < count) {
    if (!changed_.wait_until(locked, until, [&] { return !unread_.empty(); }))
      return false;
    read_what_came(locked);
  }
  return true;
}

bool otlp_receiver::wait_for_requests(std::size_t count, milliseconds limit) const {
  std::unique_lock locked{guard_};
  return changed_.wait_until(locked, deadline{limit}.when(), [&] { return requests_ >= count; });
}

} // namespace troupe::test
