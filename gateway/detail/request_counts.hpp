#pragma once

#include "gateway/detail/latency_histogram.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::gateway {

/// Why the gateway itself has refused a request with 503.
enum class refusal : std::uint8_t { overload, buffers_full, queue_full, waited_too_long, nodes_full };
inline constexpr std::size_t refusal_count = 5;

/// "overload", as /metrics has it.
std::string_view to_string(refusal what) noexcept;

/// What has become of the requests of one route on one event loop, since the gateway was started. Plain
/// memory: one thread.
class request_counts {
public:
  request_counts() = default;
  /// `name` is a method and a pattern: "GET /users/{id}".
  request_counts(std::string_view service, std::string_view name);

  /// An answer has been made, to its end; 101 is none that says how long a handler takes.
  void answered(std::uint16_t status, std::chrono::nanoseconds took) {
    ++of_status(status);
    if (status != 101)
      times_.add(took);
  }
  void refused(refusal why) noexcept { ++refused_[static_cast<std::size_t>(why)]; }
  /// The client has gone before.
  void abandoned() noexcept { ++abandoned_; }

  /// What another loop has counted of the same route.
  request_counts& operator+=(const request_counts& other);

  [[nodiscard]] const std::string& service() const noexcept { return service_; }
  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  [[nodiscard]] const std::string& pattern() const noexcept { return pattern_; }

  using of_status_code = std::pair<std::uint16_t, std::uint64_t>;
  [[nodiscard]] const std::vector<of_status_code>& answers() const noexcept { return answers_; }
  [[nodiscard]] const latency_histogram& times() const noexcept { return times_; }
  [[nodiscard]] std::uint64_t refused_for(refusal why) const noexcept {
    return refused_[static_cast<std::size_t>(why)];
  }
  [[nodiscard]] std::uint64_t abandoned_ones() const noexcept { return abandoned_; }

private:
  /// A route has a few statuses, and its most frequent one early in the list.
  std::uint64_t& of_status(std::uint16_t status) {
    for (auto& [known, count] : answers_)
      if (known == status)
        return count;
    return answers_.emplace_back(status, 0).second;
  }

  std::string service_;
  std::string method_;
  std::string pattern_;
  std::vector<of_status_code> answers_;
  latency_histogram times_;
  std::array<std::uint64_t, refusal_count> refused_{};
  std::uint64_t abandoned_ = 0;
};

} // namespace troupe::gateway
