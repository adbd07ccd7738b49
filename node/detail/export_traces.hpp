#pragma once

#include "config/settings.hpp"
#include "gateway/trace_exporter.hpp"
#include "node/detail/node_base.hpp"

#include <memory>
#include <string>

namespace troupe::detail {

/// Null where the settings export nothing. Throws config_error for a file that cannot be opened. Outlives the node, so
/// that its last spans arrive.
[[nodiscard]] std::unique_ptr<gateway::trace_exporter> export_traces(const config::trace_settings& settings,
                                                                     const application& app,
                                                                     const std::string& node);

[[nodiscard]] trace_wishes wishes_of(const config::trace_settings& settings,
                                     const std::unique_ptr<gateway::trace_exporter>& exporter);

} // namespace troupe::detail
