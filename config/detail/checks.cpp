#include "config/detail/checks.hpp"

#include "config/detail/database_names.hpp"
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
  const endpoint redirect = settings.tls.redirect_from.value_or(endpoint{}); // port 0: no clash
  const std::array all{listener{"gateway.listen", settings.listen},
                       listener{"gateway.cluster", settings.cluster},
                       listener{"gateway.admin", settings.admin},
                       listener{"tls.redirect_from", redirect}};
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (can_clash(all[i].where, all[j].where))
        throw config_error(place_of(all[i].key, from), to_string(all[i].where),
                           fmt::format("an address that {} ({}) does not use",
                                       place_of(all[j].key, from), to_string(all[j].where)));
}

void check_cluster_is_private(const gateway_settings& settings, const origins& from) {
  if (settings.cluster_nodes.has_tls() || settings.cluster_insecure
      || is_loopback(settings.cluster.host))
    return;
  throw config_error(
      place_of("gateway.cluster", from),
      to_string(settings.cluster) + ", which other machines may reach unencrypted",
      "an address of this machine only such as 127.0.0.1:4242, or TLS by cluster.certificate and "
      "cluster.ca, or --cluster-insecure if the network is trusted");
}

void check_peers_can_come_back(const gateway_settings& settings, const origins& from) {
  if (settings.peers.empty() || settings.advertise || !is_any_address(settings.cluster.host)) return;
  throw config_error(place_of("gateway.peers", from), "it with the cluster address " + to_string(settings.cluster),
                     "the address by which other nodes reach this gateway in gateway.advertise as well");
}

// A name may be anybody's.
void check_reached_privately(std::string_view key, const std::vector<endpoint>& gateways, const cluster_settings& cluster,
                             bool insecure, const origins& from) {
  if (cluster.has_tls() || insecure) return;
  for (const auto& each : gateways)
    if (!is_loopback(each.host))
      throw config_error(place_of(key, from), to_string(each) + ", perhaps on another machine, without encryption",
                         "an address of this machine such as 127.0.0.1:4242, or TLS by cluster.certificate and "
                         "cluster.ca, or --cluster-insecure if the network is trusted");
}

void check_cluster_tls(const cluster_settings& cluster, const origins& from) {
  if (cluster.has_tls() == !cluster.ca.empty() && (cluster.has_tls() || cluster.key.empty())) return;
  if (cluster.has_tls())
    throw config_error(place_of("cluster.certificate", from), "it without cluster.ca",
                       "the authorities of the other nodes in cluster.ca as well");
  throw config_error(place_of(cluster.ca.empty() ? "cluster.key" : "cluster.ca", from),
                     "it without cluster.certificate",
                     "the node's certificate in cluster.certificate as well, or none of them");
}

void check_admin_is_private(std::string_view key, const endpoint& admin, const std::string& token,
                            const origins& from) {
  if (!token.empty() || is_loopback(admin.host)) return;
  throw config_error(place_of(key, from),
                     to_string(admin) + ", which other machines may reach, and no token",
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

void check_certificates(const tls_settings& tls, const origins& from) {
  if (tls.self_signed && !tls.certificates.empty())
    throw config_error(place_of("tls.self_signed", from), "true beside tls.certificates",
                       "one of the two");
  if (!tls.keys.empty() && tls.keys.size() != tls.certificates.size())
    throw config_error(place_of("tls.keys", from),
                       fmt::format("{} of them for {} of tls.certificates", tls.keys.size(),
                                   tls.certificates.size()),
                       "one for each in the same order, or none where they are in those files");
}

// What would silently have no effect may be what somebody relies on.
void check_needs_tls(const tls_settings& tls, const origins& from) {
  if (tls.enabled()) return;
  std::string_view in_vain;
  if (tls.client_certificate != client_certificate::off) in_vain = "tls.client_certificate";
  if (!tls.client_ca.empty()) in_vain = "tls.client_ca";
  if (tls.redirect_from) in_vain = "tls.redirect_from";
  if (tls.hsts_max_age.count() > 0) in_vain = "tls.hsts_max_age";
  if (!in_vain.empty())
    throw config_error(place_of(in_vain, from), "it without TLS",
                       "tls.certificates or --tls-self-signed as well");
}

void check_tls(const tls_settings& tls, const origins& from) {
  check_certificates(tls, from);
  check_needs_tls(tls, from);
  const bool asks = tls.client_certificate != client_certificate::off;
  if (asks && tls.client_ca.empty())
    throw config_error(place_of("tls.client_certificate", from),
                       to_string(tls.client_certificate) + " without an authority",
                       "the file of the authorities in tls.client_ca, or off");
  if (!asks && !tls.client_ca.empty())
    throw config_error(place_of("tls.client_ca", from), "it although nobody is asked",
                       "tls.client_certificate to be optional or required");
  if (tls.hsts_max_age.count() % 1000 != 0)
    throw config_error(place_of("tls.hsts_max_age", from),
                       fmt::format("{}ms", tls.hsts_max_age.count()), "whole seconds");
}

// Each connection to an in-memory database would have a database of its own.
void check_storage(const storage_settings& storage, const std::string& section, const origins& from) {
  const auto place = [&](std::string_view key) { return place_of(section + '.' + std::string(key), from); };
  if (has_two_at_signs(storage.url)) // libpq would take, and print, part of the password as the host
    throw config_error(place("url"), mask_secrets(storage.url),
                       "each @ of user and password written as %40");
  if (storage.min_connections > storage.max_connections)
    throw config_error(place("min_connections"), std::to_string(storage.min_connections),
                       fmt::format("at most as many as {}.max_connections ({})", section,
                                   storage.max_connections));
  if (is_in_memory(storage.url))
    throw config_error(place("url"), storage.url, "a database in a file such as sqlite:troupe.db");
  if (storage.read_only && !storage.migrations.empty())
    throw config_error(place("migrations"), "a folder for a database that is only read",
                       fmt::format("none, or {}.read_only to be false", section));
}

const storage_settings* find_database(std::string_view name, const storage_settings& storage,
                                      const named_databases& databases) {
  if (name == default_database) return &storage;
  const auto found = databases.find(name);
  return found == databases.end() ? nullptr : &found->second;
}

/// Who is asked in place of another one answers by itself.
void check_fallback(const storage_settings& of, std::string_view name, const std::string& section,
                    const storage_settings& storage, const named_databases& databases, const origins& from) {
  if (of.fallback.empty()) return;
  const auto place = place_of(section + ".fallback", from);
  if (!of.read_only)
    throw config_error(place, of.fallback, fmt::format("none, or {}.read_only to be true", section));
  const auto* other = find_database(of.fallback, storage, databases);
  if (other == nullptr || of.fallback == name)
    throw config_error(place, of.fallback, "the name of another database");
  if (!other->fallback.empty())
    throw config_error(place, of.fallback, "a database that has no fallback itself");
}

void check_databases(const storage_settings& storage, const named_databases& databases, const origins& from) {
  const auto check_one = [&](std::string_view name, const storage_settings& settings, const std::string& section) {
    check_storage(settings, section, from);
    check_fallback(settings, name, section, storage, databases, from);
  };
  check_one(default_database, storage, std::string(default_database));
  for (const auto& [name, settings] : databases)
    check_one(name, settings, fmt::format("{}.{}", databases_section, name));
}

} // namespace

void check(const database_settings& settings, const origins& from) {
  check_databases(settings.storage, settings.databases, from);
}

void check(const gateway_settings& settings, const origins& from) {
  check_cluster_tls(settings.cluster_nodes, from);
  check_cluster_is_private(settings, from);
  check_reached_privately("gateway.peers", settings.peers, settings.cluster_nodes, settings.cluster_insecure, from);
  check_peers_can_come_back(settings, from);
  check_admin_is_private("gateway.admin", settings.admin, settings.admin_token, from);
  check_proxy_protocol(settings.http, from);
  check_tls(settings.tls, from);
  check_addresses_differ(settings, from);
  check_databases(settings.storage, settings.databases, from);
}

void check(const worker_settings& settings, const origins& from) {
  if (settings.join.empty())
    throw config_error("--join", "no gateway to join",
                       "at least one HOST:PORT, by --join, TROUPE_JOIN or the key worker.join");
  for (auto first = settings.join.begin(); first != settings.join.end(); ++first)
    if (std::find(std::next(first), settings.join.end(), *first) != settings.join.end())
      throw config_error(place_of("worker.join", from), to_string(*first) + " twice",
                         "each gateway once");
  check_cluster_tls(settings.cluster_nodes, from);
  check_reached_privately("worker.join", settings.join, settings.cluster_nodes, settings.cluster_insecure, from);
  if (settings.admin) check_admin_is_private("worker.admin", *settings.admin, settings.admin_token, from);
  check_databases(settings.storage, settings.databases, from);
}

} // namespace troupe::config::detail
