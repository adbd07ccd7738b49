#include "tests/conformance/case.hpp"

namespace troupe::test {

conformance_table all_cases() {
  conformance_table out;
  for (auto make : {request_line_cases, target_cases, host_cases, field_cases, length_cases,
                    chunk_cases, connection_cases})
    for (auto& each : make())
      out.push_back(std::move(each));
  return out;
}

} // namespace troupe::test
