#pragma once

#include "actors/messages/request.hpp"

#include <string>

namespace troupe::detail {

/// What the request's Idempotency-Key says: 1 to 255 printable characters of ASCII, as they stand or as a string of
/// RFC 8941, between quotes. Throws error{invalid_argument} that says what is wrong with it, also that it is not there.
[[nodiscard]] std::string idempotency_key_of(const request& what);

/// The same for the same method, target and body, and for no others: SHA-256, in hexadecimal digits.
[[nodiscard]] std::string fingerprint_of(const request& what);

} // namespace troupe::detail
