#pragma once

#include <string_view>

namespace troupe::detail {

/// The Content-Type for a file of that name, by what follows its last dot, without regard to case;
/// of text with "; charset=utf-8". "application/octet-stream" for any other, and for names whose
/// only dot is their first character. `name` may have folders in front of it.
std::string_view media_type_of(std::string_view name) noexcept;

} // namespace troupe::detail
