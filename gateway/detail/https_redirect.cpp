#include "gateway/detail/https_redirect.hpp"

#include "gateway/detail/host.hpp"
#include "gateway/detail/problem.hpp"

#include <string>

namespace troupe::gateway {

namespace {

constexpr std::uint16_t default_https_port = 443;

} // namespace

response redirect_to_https(const request& what, std::uint16_t port) {
  const auto asked = parse_host(what.host());
  if (!asked)
    return problem({errc::invalid_argument, "the request names no host, and is to go to HTTPS"},
                   what.id);
  std::string to = "https://";
  to += asked->host;
  if (port != default_https_port)
    to += ":" + std::to_string(port);
  if (what.target.starts_with('/')) // not "*"
    to += what.target;
  return status(308).with_header("Location", to);
}

} // namespace troupe::gateway
