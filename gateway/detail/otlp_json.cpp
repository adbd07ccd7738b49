#include "gateway/detail/otlp_json.hpp"

#include "config/version.hpp"

#include <nlohmann/json.hpp>

namespace troupe::gateway {

namespace {

using nlohmann::json;

constexpr int status_error = 2;

json attribute(std::string_view key, const std::string& text) {
  return {{"key", key}, {"value", {{"stringValue", text}}}};
}

/// 64-bit numbers are texts in the JSON of Protocol Buffers.
json attribute(std::string_view key, std::int64_t number) {
  return {{"key", key}, {"value", {{"intValue", std::to_string(number)}}}};
}

std::string nanoseconds_of(std::chrono::system_clock::time_point time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

json to_json(const detail::span& what) {
  auto attributes = json::array();
  for (const auto& [key, value] : what.attributes)
    std::visit([&, name = key](const auto& each) { attributes.push_back(attribute(name, each)); }, value);
  const auto took = std::chrono::duration_cast<std::chrono::system_clock::duration>(what.took);
  json out{{"traceId", what.place.trace_id()},
           {"spanId", what.place.parent_id()},
           {"name", what.name},
           {"kind", static_cast<int>(what.kind)},
           {"startTimeUnixNano", nanoseconds_of(what.begun)},
           {"endTimeUnixNano", nanoseconds_of(what.begun + took)},
           {"attributes", std::move(attributes)},
           {"status", json::object()}};
  if (!what.parent.empty())
    out["parentSpanId"] = what.parent;
  if (what.failed)
    out["status"] = {{"code", status_error}, {"message", *what.failed}};
  return out;
}

} // namespace

std::string to_otlp_json(std::span<const detail::span> spans, const trace_resource& of) {
  auto all = json::array();
  for (const auto& each : spans)
    all.push_back(to_json(each));
  json scope{{"scope", {{"name", "troupe"}, {"version", config::framework_version()}}}, {"spans", std::move(all)}};
  json resource{{"attributes", {attribute("service.name", of.service), attribute("service.instance.id", of.instance)}}};
  json whole{{"resource", std::move(resource)}, {"scopeSpans", json::array({std::move(scope)})}};
  const json out{{"resourceSpans", json::array({std::move(whole)})}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace); // a statement may hold any bytes
}

} // namespace troupe::gateway
