#include "tests/support/cutting_proxy.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/loopback.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace troupe::test {

namespace {

std::uint64_t key_of(cutting_proxy::side from, std::uint64_t bytes) {
  return bytes * 2 + (from == cutting_proxy::side::client ? 1 : 2);
}

} // namespace

cutting_proxy::cutting_proxy(std::uint16_t server_port)
    : server_port_(server_port), listener_(SOMAXCONN), wake_(::eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread{[this] { run(); }};
}

cutting_proxy::~cutting_proxy() {
  stopping_ = true;
  wake();
  thread_.join();
}

void cutting_proxy::wake() noexcept {
  ::eventfd_write(wake_.get(), 1);
}

void cutting_proxy::hold() noexcept {
  held_ = true;
  wake();
}

void cutting_proxy::release() noexcept {
  held_ = false;
  wake();
}

void cutting_proxy::cut_after(side from, std::size_t bytes) noexcept {
  wanted_ = key_of(from, bytes);
}

bool cutting_proxy::wait_for_cut(milliseconds limit) noexcept {
  return eventually([this] { return wanted_ == 0; }, limit) || wanted_.exchange(0) == 0;
}

void cutting_proxy::run() {
  for (;;) {
    const bool held = held_;
    std::vector<pollfd> ready{{wake_.get(), POLLIN, 0}, {listener_.socket.get(), POLLIN, 0}};
    for (const auto& each : connections_) {
      ready.push_back({each.client.get(), POLLIN, 0});
      ready.push_back({each.server.get(), POLLIN, 0});
    }
    if (::poll(ready.data(), held ? 1 : ready.size(), -1) < 0)
      continue;
    if (stopping_)
      return;
    eventfd_t ignored = 0;
    if (ready[0].revents != 0)
      ::eventfd_read(wake_.get(), &ignored);
    if (held)
      continue;
    auto at = ready.begin() + 2;
    for (auto each = connections_.begin(); each != connections_.end(); at += 2) {
      const bool open = (at[0].revents == 0 || pass_on(*each, side::client))
                        && (at[1].revents == 0 || pass_on(*each, side::server));
      each = open ? std::next(each) : connections_.erase(each);
    }
    if (ready[1].revents != 0)
      accept_one();
  }
}

void cutting_proxy::accept_one() {
  connection made{file_descriptor{::accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC)},
                  connect_to_loopback(server_port_)};
  if (!made.client || !made.server)
    return;
  send_at_once(made.client);
  send_at_once(made.server);
  connections_.push_back(std::move(made));
}

bool cutting_proxy::pass_on(connection& on, side from) {
  std::array<char, 65536> buffer;
  const auto got = ::recv(on.of(from).get(), buffer.data(), buffer.size(), 0);
  if (got <= 0)
    return false;
  if (std::exchange(on.last, from) != from)
    on.in_exchange = 0;
  const auto size = static_cast<std::size_t>(got);
  const auto cut = cut_within(on, size);
  on.in_exchange += size;
  const auto to = from == side::client ? side::server : side::client;
  return send_all(on.of(to).get(), buffer.data(), cut.value_or(size)) && !cut;
}

std::optional<std::size_t> cutting_proxy::cut_within(const connection& on,
                                                     std::size_t size) noexcept {
  auto wanted = wanted_.load();
  const auto bytes = (wanted - 1) / 2;
  if (wanted == 0 || wanted != key_of(on.last, bytes) || bytes < on.in_exchange
      || bytes > on.in_exchange + size || !wanted_.compare_exchange_strong(wanted, 0))
    return std::nullopt;
  return bytes - on.in_exchange;
}

} // namespace troupe::test
