#include "actors/request_id.hpp"

#include <fmt/format.h>

namespace troupe {

std::string format_request_id(std::uint64_t id) {
  return fmt::format("{:016x}", id);
}

} // namespace troupe
