#include "actors/detail/rendezvous.hpp"

#include "actors/detail/mixed.hpp"

#include <algorithm>

namespace troupe::detail {

std::uint64_t hash_of_key(std::string_view kind, std::string_view key) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U; };
  std::for_each(kind.begin(), kind.end(), add);
  add('\0');
  std::for_each(key.begin(), key.end(), add);
  return hash;
}

claim claim_of(std::uint64_t node, std::uint64_t hash) noexcept {
  return {mixed(hash ^ node), node};
}

} // namespace troupe::detail
