#include "actors/detail/peer_view.hpp"

#include "actors/detail/rendezvous.hpp"

#include <algorithm>

namespace troupe::detail {

peer_view::peer_view(std::uint64_t own, std::vector<peer> peers) : own_(own), peers_(std::move(peers)) {
  for (const auto& each : peers_)
    for (const auto& kind : each.kinds)
      hosts_[kind].push_back(each.id);
}

std::uint64_t peer_view::owner(const std::string& kind, std::string_view key) const {
  const auto found = hosts_.find(kind);
  if (found == hosts_.end())
    return 0;
  const auto hash = hash_of_key(kind, key);
  claim best{};
  for (const auto node : found->second)
    best = std::max(best, claim_of(node, hash));
  return best.second;
}

bool peer_view::has(std::uint64_t id) const noexcept {
  return std::any_of(peers_.begin(), peers_.end(), [id](const auto& each) { return each.id == id; });
}

} // namespace troupe::detail
