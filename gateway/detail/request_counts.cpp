#include "gateway/detail/request_counts.hpp"

#include <algorithm>

namespace troupe::gateway {

std::string_view to_string(refusal what) noexcept {
  switch (what) {
  case refusal::overload: return "overload";
  case refusal::buffers_full: return "buffers_full";
  case refusal::queue_full: return "queue_full";
  case refusal::waited_too_long: return "waited_too_long";
  case refusal::nodes_full: return "nodes_full";
  }
  return "overload";
}

request_counts::request_counts(std::string_view service, std::string_view name)
  : service_(service) {
  const auto blank = std::min(name.find(' '), name.size()); // no method has one
  method_ = name.substr(0, blank);
  pattern_ = name.substr(std::min(blank + 1, name.size()));
}

request_counts& request_counts::operator+=(const request_counts& other) {
  for (const auto& [status, count] : other.answers_)
    of_status(status) += count;
  times_ += other.times_;
  for (std::size_t i = 0; i < refusal_count; ++i)
    refused_[i] += other.refused_[i];
  abandoned_ += other.abandoned_;
  return *this;
}

} // namespace troupe::gateway
