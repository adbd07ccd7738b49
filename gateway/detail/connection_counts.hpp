#pragma once

#include "config/network.hpp"
#include "config/settings.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::gateway {

/// How many connections there are, in all and of each client address, over all loops of a listener.
/// Any thread; no lock.
///
/// Addresses are counted in two tables under two secret hashes, and the smaller count holds: two
/// clients that share a place in both would have to share their limit, which nobody can bring about on
/// purpose. An IPv6 client is its /64 network.
class connection_counts {
public:
  explicit connection_counts(const config::http_settings& limits);

  enum class verdict { admitted, too_many, too_many_of_client };

  /// Where a client is counted.
  using places = std::array<std::uint32_t, 2>;
  [[nodiscard]] places places_of(const config::ip_address& client) const noexcept;

  /// Counts it unless it is one too many. Without places it counts among all only, as a proxy's does.
  verdict enter(const std::optional<places>& client) noexcept;
  /// A connection that was admitted has ended.
  void leave(const std::optional<places>& client) noexcept;

private:
  static constexpr std::uint32_t places_per_table = 1U << 16U;

  const unsigned limit_;
  const unsigned limit_of_client_; // 0: none
  std::array<std::uint64_t, 2> secrets_;
  std::atomic<unsigned> all_{0};
  std::array<std::vector<std::atomic<unsigned>>, 2> of_client_; // empty without a limit
};

} // namespace troupe::gateway
