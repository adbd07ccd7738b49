// Where the value of a setting came from.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace troupe::config {

enum class source { built_in, file, environment, flag };

/// `place` is the flag, the variable or FILE:LINE; empty for a default.
struct origin {
  source from = source::built_in;
  std::string place;
};

/// By key: "http.max_headers".
using origins = std::map<std::string, origin, std::less<>>;

} // namespace troupe::config
