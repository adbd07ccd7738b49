#include "actors/detail/log.hpp"

#include <poll.h>
#include <unistd.h>

namespace troupe::detail {

std::string with_fields(std::string_view message,
                        std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  std::string out{message};
  for (const auto& [key, value] : fields)
    out.append(1, field_separator).append(key).append(1, '=').append(value);
  return out;
}

bool log_has_room() noexcept {
  pollfd log{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&log, 1, 0) == 1;
}

} // namespace troupe::detail
