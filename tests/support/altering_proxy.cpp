#include "tests/support/altering_proxy.hpp"

#include <array>
#include <iterator>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace troupe::test {

altering_proxy::altering_proxy(std::uint16_t server_port, alteration alter)
    : server_port_(server_port), alter_(std::move(alter)), listener_(SOMAXCONN), wake_(::eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread{[this] { run(); }};
}

altering_proxy::~altering_proxy() {
  stopping_ = true;
  cut();
  thread_.join();
}

void altering_proxy::cut() noexcept {
  ::eventfd_write(wake_.get(), 1);
}

void altering_proxy::run() {
  for (;;) {
    std::vector<pollfd> ready{{wake_.get(), POLLIN, 0}, {listener_.socket.get(), POLLIN, 0}};
    for (const auto& each : connections_) {
      ready.push_back({each.client.get(), POLLIN, 0});
      ready.push_back({each.server.get(), POLLIN, 0});
    }
    if (::poll(ready.data(), ready.size(), -1) < 0)
      continue;
    if (eventfd_t unused = 0; ready[0].revents != 0) {
      if (stopping_)
        return;
      ::eventfd_read(wake_.get(), &unused);
      connections_.clear();
      continue;
    }
    auto at = ready.begin() + 2;
    for (auto each = connections_.begin(); each != connections_.end(); at += 2) {
      const bool open = (at[0].revents == 0 || pass_on(each->client, each->server, side::client))
                        && (at[1].revents == 0 || pass_on(each->server, each->client, side::server));
      each = open ? std::next(each) : connections_.erase(each);
    }
    if (ready[1].revents != 0)
      accept_one();
  }
}

void altering_proxy::accept_one() {
  connection made{file_descriptor{::accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC)},
                  file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server_port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!made.client
      || ::connect(made.server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return;
  const int on = 1;
  for (const auto* each : {&made.client, &made.server})
    ::setsockopt(each->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connections_.push_back(std::move(made));
}

bool altering_proxy::pass_on(const file_descriptor& in, const file_descriptor& out, side from) {
  std::string bytes(65536, '\0');
  const auto got = ::recv(in.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0)
    return false;
  bytes.resize(static_cast<std::size_t>(got));
  alter_(from, bytes);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto now = ::send(out.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now < 0)
      return false;
    sent += static_cast<std::size_t>(now);
  }
  return true;
}

} // namespace troupe::test
