#include "gateway/detail/admin_guard.hpp"

#include "gateway/detail/problem.hpp"

namespace troupe::gateway {

namespace {

/// The token of "Bearer TOKEN"; empty for another scheme.
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (!equals_ignore_case(authorization.substr(0, scheme.size()), scheme))
    return {};
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

} // namespace

bool equals_in_constant_time(std::string_view given, std::string_view expected) noexcept {
  volatile unsigned char differ = given.size() == expected.size() ? 0 : 1; // no early way out
  for (std::size_t i = 0; i < given.size(); ++i)
    differ = static_cast<unsigned char>(differ | (given[i] ^ expected[i % expected.size()]));
  return differ == 0;
}

std::optional<response> refuse_cross_site(const request& what) {
  if (is_safe(what.method) || !what.header("Origin"))
    return std::nullopt;
  return problem({errc::forbidden, "the admin address takes no commands from pages in browsers (Origin)"},
                 what.id);
}

std::optional<response> refuse_admin(const request& what, std::string_view token) {
  if (what.path() == "/healthz" || what.path() == "/readyz")
    return std::nullopt;
  const auto shown = what.header("Authorization");
  if (shown && equals_in_constant_time(bearer_token(*shown), token))
    return std::nullopt;
  return problem({errc::unauthorized, shown ? "this is not the token of this address (admin_token)"
                                            : "the admin address wants Authorization: Bearer TOKEN "
                                              "with the token of this node (admin_token)"},
                 what.id)
    .with_header("WWW-Authenticate", shown ? "Bearer realm=\"admin\", error=\"invalid_token\""
                                           : "Bearer realm=\"admin\"");
}

} // namespace troupe::gateway
