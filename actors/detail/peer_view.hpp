#pragma once

#include "actors/messages/peer.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::detail {

/// The nodes of the cluster as one of them knows them, and to which of them a key belongs. Immutable.
///
/// A key belongs to one of those that host its kind, by rendezvous hashing (rendezvous.hpp).
class peer_view {
public:
  peer_view(std::uint64_t own, std::vector<peer> peers);

  [[nodiscard]] std::uint64_t own() const noexcept { return own_; }
  /// The id of the node; 0: none hosts the kind.
  [[nodiscard]] std::uint64_t owner(const std::string& kind, std::string_view key) const;
  [[nodiscard]] bool has(std::uint64_t id) const noexcept;
  [[nodiscard]] const std::vector<peer>& peers() const noexcept { return peers_; }

private:
  std::uint64_t own_;
  std::vector<peer> peers_;
  std::map<std::string, std::vector<std::uint64_t>> hosts_;
};

} // namespace troupe::detail
