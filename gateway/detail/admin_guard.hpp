#pragma once

#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"

#include <optional>
#include <string_view>

namespace troupe::gateway {

/// The answer for who has not shown `token` as "Authorization: Bearer TOKEN"; none for who has, and
/// for /healthz and /readyz: those who ask for them, load balancers and process managers, often
/// have no place to keep a secret, and a word is all they get.
std::optional<response> refuse_admin(const request& what, std::string_view token);

/// The answer for a request that changes something and comes from a page in a browser, which says so by
/// Origin: whoever made that page is no operator. None for all others.
std::optional<response> refuse_cross_site(const request& what);

/// Takes as long for any two texts of the same lengths, so that the time tells nothing of the
/// expected one. REQUIRES: `expected` is not empty.
bool equals_in_constant_time(std::string_view given, std::string_view expected) noexcept;

} // namespace troupe::gateway
