#include "gateway/detail/connection_counts.hpp"

#include "actors/detail/chance.hpp"
#include "actors/detail/mixed.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::gateway {

namespace {

using detail::mixed;

std::uint64_t secret() {
  return detail::random_number() | 1U;
}

/// What is one client to us, in 64 bits.
std::uint64_t client_number(const config::ip_address& client) noexcept {
  std::uint64_t out = 0; // of IPv4 all of the address, which stands at the end
  const auto begin = client.is_ipv4() ? client.bytes.size() - 4 : 0;
  std::memcpy(&out, client.bytes.data() + begin, client.is_ipv4() ? 4 : sizeof out);
  return out;
}

} // namespace

connection_counts::connection_counts(const config::http_settings& limits)
  : limit_(limits.max_connections), limit_of_client_(limits.max_connections_per_client),
    secrets_{secret(), secret()} {
  if (limit_of_client_ != 0)
    for (auto& table : of_client_)
      table = std::vector<std::atomic<unsigned>>(places_per_table);
}

connection_counts::places
connection_counts::places_of(const config::ip_address& client) const noexcept {
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
