#include "tests/support/http_response.hpp"

#include <algorithm>
#include <ostream>
#include <strings.h>

namespace troupe::test {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace

std::optional<std::string> http_response::header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (same_name(field, name))
      return value;
  return std::nullopt;
}

int http_response::count(std::string_view name) const {
  return static_cast<int>(std::count_if(headers.begin(), headers.end(), [&](const auto& field) {
    return same_name(field.first, name);
  }));
}

nlohmann::json http_response::json() const {
  return nlohmann::json::parse(body, nullptr, false);
}

std::ostream& operator<<(std::ostream& out, const http_response& response) {
  out << response.version << ' ' << response.status << ' ' << response.reason << '\n';
  for (const auto& [name, value] : response.headers)
    out << name << ": " << value << '\n';
  return out << '\n' << response.body;
}

} // namespace troupe::test
