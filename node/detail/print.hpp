#pragma once

#include <cstdio>
#include <string>

namespace troupe::detail {

inline constexpr int exit_failure = 1;
inline constexpr int exit_wrong_configuration = 2;

/// Writes to standard output; gives `status`, or exit_failure when that cannot be written to.
inline int print(const std::string& text, int status) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0 ? status : exit_failure;
}

} // namespace troupe::detail
