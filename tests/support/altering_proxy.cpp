#include "tests/support/altering_proxy.hpp"

#include "tests/support/loopback.hpp"

#include <array>
#include <iterator>
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
                  connect_to_loopback(server_port_)};
  if (!made.client || !made.server)
    return;
  send_at_once(made.client);
  send_at_once(made.server);
  connections_.push_back(std::move(made));
}

bool altering_proxy::pass_on(const file_descriptor& in, const file_descriptor& out, side from) {
  std::string bytes(65536, '\0');
  const auto got = ::recv(in.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0)
    return false;
  bytes.resize(static_cast<std::size_t>(got));
  alter_(from, bytes);
  return send_all(out.get(), bytes.data(), bytes.size());
}

} // namespace troupe::test
