#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace troupe::detail {

/// Rendezvous hashing: a key belongs to the node for which a hash of both is the largest, so that only the keys of a
/// node that comes or goes change hands. All builds must agree on the hash.
///
/// Of a key among those of its kind: FNV-1a, 64 bits, over the kind, a zero and the key.
[[nodiscard]] std::uint64_t hash_of_key(std::string_view kind, std::string_view key) noexcept;

/// What a node has on a key with this hash: the largest one owns it. Of equal ones, that of the larger id, which is
/// the second part.
using claim = std::pair<std::uint64_t, std::uint64_t>;
[[nodiscard]] claim claim_of(std::uint64_t node, std::uint64_t hash) noexcept;

} // namespace troupe::detail
