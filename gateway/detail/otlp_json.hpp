#pragma once

#include "actors/detail/span.hpp"

#include <span>
#include <string>

namespace troupe::gateway {

/// Whose spans they are.
struct trace_resource {
  std::string service;  ///< service.name: the application
  std::string instance; ///< service.instance.id: the node
};

/// An ExportTraceServiceRequest in the JSON of OTLP, on one line.
[[nodiscard]] std::string to_otlp_json(std::span<const detail::span> spans, const trace_resource& of);

} // namespace troupe::gateway
