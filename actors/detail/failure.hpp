#pragma once

#include "actors/messages/sql.hpp"

#include <exception>
#include <string>
#include <string_view>

namespace troupe::detail {

/// The exception being handled, as an answer: an `error` keeps its words; anything else is logged
/// with `where` and `request_id` and becomes a bland internal failure.
failure current_failure(std::string_view where, std::string_view request_id) noexcept;

/// What an exception says of itself.
std::string text_of(const std::exception_ptr& what);

} // namespace troupe::detail
