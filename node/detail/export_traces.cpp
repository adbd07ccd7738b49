#include "node/detail/export_traces.hpp"

#include "config/error.hpp"

#include <system_error>

namespace troupe::detail {

std::unique_ptr<gateway::trace_exporter> export_traces(const config::trace_settings& settings, const application& app,
                                                       const std::string& node) {
  if (!settings.exports())
    return nullptr;
  try {
    return std::make_unique<gateway::trace_exporter>(settings.export_to, gateway::trace_resource{app.name, node});
  } catch (const std::system_error& e) {
    throw config::config_error{"trace.export: " + std::string{e.what()}};
  }
}

trace_wishes wishes_of(const config::trace_settings& settings,
                       const std::unique_ptr<gateway::trace_exporter>& exporter) {
  return {exporter ? exporter->spans() : nullptr, settings.sql_comments};
}

} // namespace troupe::detail
