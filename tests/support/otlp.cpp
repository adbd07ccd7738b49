#include "tests/support/otlp.hpp"

#include "tests/support/temp_directory.hpp"

#include <nlohmann/json.hpp>

#include <regex>
#include <sstream>
#include <stdexcept>

namespace troupe::test {

namespace {

using nlohmann::json;

std::string id_in(const json& from, const char* key, int digits) {
  const auto text = from.at(key).get<std::string>();
  const std::regex form{"[0-9a-f]{" + std::to_string(digits) + "}"};
  if (!std::regex_match(text, form) || text.find_first_not_of('0') == std::string::npos)
    throw std::runtime_error{std::string{key} + " is " + text};
  return text;
}

std::uint64_t number_in(const json& from, const char* key) {
  return std::stoull(from.at(key).get<std::string>());
}

std::map<std::string, std::string> attributes_in(const json& from) {
  std::map<std::string, std::string> out;
  for (const auto& each : from.at("attributes")) {
    const auto& value = each.at("value");
    if (value.size() != 1)
      throw std::runtime_error{"an attribute's value is " + value.dump()};
    const auto text = value.contains("intValue") ? std::to_string(std::stoll(value["intValue"].get<std::string>()))
                                                 : value.at("stringValue").get<std::string>();
    if (!out.emplace(each.at("key").get<std::string>(), text).second)
      throw std::runtime_error{"an attribute stands there twice: " + each.dump()};
  }
  return out;
}

otlp_span span_of(const json& from) {
  otlp_span out;
  out.trace_id = id_in(from, "traceId", 32);
  out.id = id_in(from, "spanId", 16);
  if (from.contains("parentSpanId"))
    out.parent = id_in(from, "parentSpanId", 16);
  out.name = from.at("name").get<std::string>();
  out.kind = from.at("kind").get<int>();
  out.begin = number_in(from, "startTimeUnixNano");
  out.end = number_in(from, "endTimeUnixNano");
  if (out.name.empty() || out.kind < 1 || out.kind > 5 || out.end < out.begin)
    throw std::runtime_error{"a span is " + from.dump()};
  out.attributes = attributes_in(from);
  const auto& status = from.at("status");
  out.failed = status.value("code", 0) == 2;
  out.message = status.value("message", "");
  return out;
}

} // namespace

std::vector<otlp_span> read_otlp(std::string_view text) {
  std::vector<otlp_span> out;
  const auto whole = json::parse(text);
  for (const auto& resource : whole.at("resourceSpans")) {
    const auto of = attributes_in(resource.at("resource"));
    for (const auto& scope : resource.at("scopeSpans")) {
      if (scope.at("scope").at("name") != "troupe")
        throw std::runtime_error{"a scope is " + scope.at("scope").dump()};
      for (const auto& each : scope.at("spans")) {
        out.push_back(span_of(each));
        out.back().service = of.at("service.name");
        out.back().instance = of.at("service.instance.id");
      }
    }
  }
  return out;
}

std::vector<otlp_span> read_otlp_file(const std::filesystem::path& file) {
  std::vector<otlp_span> out;
  std::istringstream lines{read_file(file)};
  for (std::string line; std::getline(lines, line);)
    for (auto& each : read_otlp(line))
      out.push_back(std::move(each));
  return out;
}

const otlp_span& find_span(const std::vector<otlp_span>& all, std::string_view trace_id, std::string_view name) {
  const otlp_span* found = nullptr;
  std::size_t count = 0;
  std::string list;
  for (const auto& each : all) {
    list += '\n' + each.trace_id + ' ' + each.id + " below " + each.parent + ": " + each.name;
    if (each.trace_id != trace_id || !each.name.starts_with(name))
      continue;
    found = &each;
    ++count;
  }
  if (count != 1)
    throw std::runtime_error{std::to_string(count) + " spans \"" + std::string{name} + "\" of "
                             + std::string{trace_id} + " among:" + list};
  return *found;
}

} // namespace troupe::test
