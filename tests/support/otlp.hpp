#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::test {

/// One span as a receiver of OTLP sees it.
struct otlp_span {
  std::string service;  // service.name
  std::string instance; // service.instance.id
  std::string trace_id;
  std::string id;
  std::string parent; // empty: none
  std::string name;
  int kind = 0;
  std::uint64_t begin = 0; // nanoseconds since 1970
  std::uint64_t end = 0;
  std::map<std::string, std::string> attributes; // numbers as text
  bool failed = false;
  std::string message;
};

/// The spans of an ExportTraceServiceRequest in JSON. Throws std::exception for what is not to the letter: ids of
/// another form, numbers of 64 bits that are no texts, an end before the begin, an attribute twice.
std::vector<otlp_span> read_otlp(std::string_view json);

/// The same of a file with a request in each line.
std::vector<otlp_span> read_otlp_file(const std::filesystem::path& file);

/// The one with this trace and a name that begins so; throws std::runtime_error, listing all, when there is none, or
/// there are several.
const otlp_span& find_span(const std::vector<otlp_span>& all, std::string_view trace_id, std::string_view name);

} // namespace troupe::test
