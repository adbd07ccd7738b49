#include "gateway/detail/connection_counts.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace troupe::gateway {

namespace {

std::uint64_t secret() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device() | 1U;
}

/// The finaliser of splitmix64: each bit of `x` changes each bit of the result.
std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// What is one client to us, in 64 bits.
std::uint64_t client_number(const sockaddr& client) noexcept {
  if (client.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &client, sizeof v4);
    return v4.sin_addr.s_addr;
  }
  if (client.sa_family != AF_INET6)
    return 0;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &client, sizeof v6);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    std::uint32_t v4 = 0;
    std::memcpy(&v4, &v6.sin6_addr.s6_addr[12], sizeof v4);
    return v4;
  }
  std::uint64_t network = 0;
  std::memcpy(&network, &v6.sin6_addr, sizeof network);
  return network;
}

} // namespace

connection_counts::connection_counts(const config::http_settings& limits)
  : limit_(limits.max_connections), limit_of_client_(limits.max_connections_per_client),
    secrets_{secret(), secret()} {
  if (limit_of_client_ != 0)
    for (auto& table : of_client_)
      table = std::vector<std::atomic<unsigned>>(places_per_table);
}

connection_counts::places connection_counts::places_of(const sockaddr& client) const noexcept {
  const auto number = client_number(client);
  places out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint32_t>(mixed(number ^ secrets_[i]) * secrets_[i] >> 48U);
  return out;
}

connection_counts::verdict connection_counts::enter(const std::optional<places>& client) noexcept {
  if (all_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
    all_.fetch_sub(1, std::memory_order_relaxed);
    return verdict::too_many;
  }
  if (limit_of_client_ == 0 || !client)
    return verdict::admitted;
  auto before = ~0U;
  for (std::size_t i = 0; i < client->size(); ++i)
    before = std::min(before, of_client_[i][(*client)[i]].fetch_add(1, std::memory_order_relaxed));
  if (before < limit_of_client_)
    return verdict::admitted;
  leave(client);
  return verdict::too_many_of_client;
}

void connection_counts::leave(const std::optional<places>& client) noexcept {
  all_.fetch_sub(1, std::memory_order_relaxed);
  if (limit_of_client_ == 0 || !client)
    return;
  for (std::size_t i = 0; i < client->size(); ++i)
    of_client_[i][(*client)[i]].fetch_sub(1, std::memory_order_relaxed);
}

} // namespace troupe::gateway
