#include "config/detail/checks.hpp"

#include "config/detail/text_rules.hpp"
#include "config/error.hpp"
#include "config/secrets.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace troupe::config::detail {
namespace {

// How the user knows the setting: by the flag or variable that gave it, else by its key.
std::string place_of(std::string_view key, const origins& from) {
  const auto known = from.find(key);
  if (known == from.end() || known->second.from == source::built_in) return std::string(key);
  if (known->second.from == source::file) return fmt::format("{}: {}", known->second.place, key);
  return known->second.place;
}

bool can_clash(const endpoint& a, const endpoint& b) {
  if (a.port == 0 || a.port != b.port) return false;
  if (is_any_address(a.host) || is_any_address(b.host)) return true;
  return a.host == b.host
         || (is_loopback(a.host) && is_loopback(b.host)
             && (a.host == "localhost" || b.host == "localhost"));
}

void check_addresses_differ(const gateway_settings& settings, const origins& from) {
  struct listener {
    std::string_view key;
    const endpoint& where;
  };
  const std::array all{listener{"gateway.listen", settings.listen},
                       listener{"gateway.cluster", settings.cluster},
                       listener{"gateway.admin", settings.admin}};
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (can_clash(all[i].where, all[j].where))
        throw config_error(place_of(all[i].key, from), to_string(all[i].where),
                           fmt::format("an address that {} ({}) does not use",
                                       place_of(all[j].key, from), to_string(all[j].where)));
}

void check_cluster_is_private(const gateway_settings& settings, const origins& from) {
  if (settings.cluster_insecure || is_loopback(settings.cluster.host)) return;
  throw config_error(
      place_of("gateway.cluster", from),
      to_string(settings.cluster) + ", which other machines may reach unencrypted",
      "an address of this machine only such as 127.0.0.1:4242, or --cluster-insecure "
      "if the network is trusted");
}

void check_admin_is_private(const gateway_settings& settings, const origins& from) {
  if (!settings.admin_token.empty() || is_loopback(settings.admin.host)) return;
  throw config_error(place_of("gateway.admin", from),
                     to_string(settings.admin) + ", which other machines may reach, and no token",
                     "a token in TROUPE_ADMIN_TOKEN, or an address of this machine only such as "
                     "127.0.0.1:8081");
}

// Who connects by itself could else claim to be anybody.
void check_proxy_protocol(const http_settings& http, const origins& from) {
  if (http.proxy_protocol == proxy_protocol::off || !http.trusted_proxies.empty()) return;
  throw config_error(place_of("http.proxy_protocol", from),
                     to_string(http.proxy_protocol) + " without a trusted proxy",
                     "the addresses of the proxies in http.trusted_proxies, or off");
}

// Each connection to an in-memory database would have a database of its own.
void check_storage(const storage_settings& storage, const origins& from) {
  if (has_two_at_signs(storage.url)) // libpq would take, and print, part of the password as the host
    throw config_error(place_of("storage.url", from), mask_secrets(storage.url),
                       "each @ of user and password written as %40");
  if (!is_in_memory(storage.url)) return;
  throw config_error(place_of("storage.url", from), storage.url,
                     "a database in a file such as sqlite:troupe.db");
}

} // namespace

void check(const gateway_settings& settings, const origins& from) {
  check_cluster_is_private(settings, from);
  check_admin_is_private(settings, from);
  check_proxy_protocol(settings.http, from);
  check_addresses_differ(settings, from);
  check_storage(settings.storage, from);
}

void check(const worker_settings& settings, const origins& from) {
  if (settings.join.empty())
    throw config_error("--join", "no gateway to join",
                       "at least one HOST:PORT, by --join, TROUPE_JOIN or the key worker.join");
  for (auto first = settings.join.begin(); first != settings.join.end(); ++first)
    if (std::find(std::next(first), settings.join.end(), *first) != settings.join.end())
      throw config_error(place_of("worker.join", from), to_string(*first) + " twice",
                         "each gateway once");
  check_storage(settings.storage, from);
}

} // namespace troupe::config::detail
