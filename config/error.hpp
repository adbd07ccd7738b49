// The one exception of this folder.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe::config {

/// A configuration that cannot be used. what() is one line for the user: the flag, the variable or
/// FILE:LINE and key; what was found; what is expected. The caller prints it and exits with 2.
class config_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;

  /// "PLACE: found FOUND, expected EXPECTED".
  config_error(std::string_view place, std::string_view found, std::string_view expected)
      : std::runtime_error(std::string(place)
                               .append(": found ")
                               .append(found)
                               .append(", expected ")
                               .append(expected)) {}
};

} // namespace troupe::config
