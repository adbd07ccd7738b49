#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::test {

/// One HTTP response as it came over the socket.
struct http_response {
  std::string version; // "HTTP/1.1"
  int status = 0;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// The first field of that name, compared without regard to case.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;

  /// How many fields have that name.
  [[nodiscard]] int count(std::string_view name) const;

  /// The body as JSON; a discarded value when it is not JSON.
  [[nodiscard]] nlohmann::json json() const;
};

/// For messages of failed expectations.
std::ostream& operator<<(std::ostream& out, const http_response& response);

} // namespace troupe::test
