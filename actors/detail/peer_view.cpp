#include "actors/detail/peer_view.hpp"

#include <algorithm>

namespace troupe::detail {

namespace {

/// FNV-1a, 64 bits, over the kind, a zero and the key.
std::uint64_t hash_of(std::string_view kind, std::string_view key) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U; };
  std::for_each(kind.begin(), kind.end(), add);
  add('\0');
  std::for_each(key.begin(), key.end(), add);
  return hash;
}

/// The last steps of splitmix64.
std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

} // namespace

peer_view::peer_view(std::uint64_t own, std::vector<peer_node> peers) : own_(own), peers_(std::move(peers)) {
  for (const auto& each : peers_)
    for (const auto& kind : each.kinds)
      hosts_[kind].push_back(each.id);
}

std::uint64_t peer_view::owner(const std::string& kind, std::string_view key) const {
  const auto found = hosts_.find(kind);
  if (found == hosts_.end())
    return 0;
  const auto hash = hash_of(kind, key);
  return *std::max_element(found->second.begin(), found->second.end(), [hash](std::uint64_t a, std::uint64_t b) {
    const auto of_a = mixed(hash ^ a), of_b = mixed(hash ^ b);
    return of_a != of_b ? of_a < of_b : a < b;
  });
}

bool peer_view::has(std::uint64_t id) const noexcept {
  return std::any_of(peers_.begin(), peers_.end(), [id](const auto& each) { return each.id == id; });
}

} // namespace troupe::detail
