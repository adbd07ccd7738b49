#pragma once

#include <cstdint>
#include <string>

namespace troupe {

/// A request's id as it stands in logs and problem answers: 16 hexadecimal digits.
std::string format_request_id(std::uint64_t id);

} // namespace troupe
