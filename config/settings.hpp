// What a node can be told. The defaults stand here and nowhere else; the name, the range and the
// help of each setting stand in one row of detail/definitions.cpp.
#pragma once

#include "config/endpoint.hpp"
#include "config/network.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

using std::chrono::milliseconds;

/// Which PROXY headers begin a connection; `on`: one of either version.
enum class proxy_protocol { off, v1, v2, on };

/// By which fields trusted proxies name the client; `any`: by Forwarded, else by X-Forwarded-*.
enum class forwarded_fields { any, forwarded, x_forwarded };

/// The oldest version of TLS that is spoken.
enum class tls_version { v1_2, v1_3 };

/// Whether clients show a certificate; `optional`: it is checked if they do.
enum class client_certificate { off, optional, required };

/// From whom the gateway goes on with a trace; `trusted`: from http.trusted_proxies.
enum class trace_source { none, trusted, any };

/// The word that stands for the value in settings: "v1", "x-forwarded", "1.2".
std::string to_string(proxy_protocol what);
std::string to_string(forwarded_fields what);
std::string to_string(tls_version what);
std::string to_string(client_certificate what);
std::string to_string(trace_source what);

/// Limits, deadlines and trust of the HTTP side. `std::size_t` counts bytes, `unsigned` things.
struct http_settings {
  std::size_t max_header_bytes = 16 * 1024;
  unsigned max_headers = 100;
  std::size_t max_target_bytes = 8 * 1024;
  std::size_t max_body_bytes = 1024 * 1024;
  unsigned max_connections = 10'000;
  unsigned max_connections_per_client = 1'000; // 0: as many as come
  unsigned max_requests_per_connection = 100'000; // 0: as many as come
  unsigned max_pipelined = 64;
  unsigned max_in_work = 1024; // of one route on one event loop
  unsigned max_queued = 1024;  // the same
  std::size_t max_unsent_bytes = 1024 * 1024;
  std::size_t max_buffered_bytes = 256 * 1024 * 1024; // of the node
  milliseconds head_timeout{10'000};
  milliseconds body_timeout{30'000};
  milliseconds idle_timeout{60'000};
  milliseconds write_timeout{30'000};
  std::size_t min_transfer_rate = 1024; // bytes a second; 0: none
  milliseconds handler_timeout{30'000};
  milliseconds queue_target{500};
  std::size_t max_websocket_message = 1024 * 1024;
  milliseconds websocket_idle_timeout{60'000};
  bool websocket_compression = true;
  std::vector<std::string> websocket_origins; // beside the request's own host; "*": all
  std::vector<network> trusted_proxies;
  forwarded_fields forwarded = forwarded_fields::x_forwarded;
  troupe::config::proxy_protocol proxy_protocol = config::proxy_protocol::off;

  friend bool operator==(const http_settings&, const http_settings&) = default;
};

/// TLS of the address where HTTP is served. Files are PEM, and read again at SIGHUP.
struct tls_settings {
  std::vector<std::string> certificates; // files, each with its chain; the first is the default
  std::vector<std::string> keys;         // in the same order; empty: they are in those files
  bool self_signed = false;              // for development, instead of `certificates`
  tls_version min_version = tls_version::v1_2;
  std::string client_ca; // file
  config::client_certificate client_certificate = config::client_certificate::off;
  std::optional<endpoint> redirect_from; // where HTTP is answered with the way to HTTPS
  milliseconds hsts_max_age{0};          // 0: browsers are not told

  [[nodiscard]] bool enabled() const noexcept { return self_signed || !certificates.empty(); }

  friend bool operator==(const tls_settings&, const tls_settings&) = default;
};

/// A database. `url` may carry a password: print it through mask_secrets (config/secrets.hpp).
struct storage_settings {
  std::string url = "sqlite:troupe.db";
  unsigned max_connections = 5;
  unsigned min_connections = 0;
  unsigned cluster_connections = 0; // of all nodes together; 0: nine tenths of what the server allows
  unsigned max_batch = 64; // 1: each statement by itself
  bool share_reads = true; // of those that are marked so
  bool group_commit = false;
  bool per_loop = false; // a pool for each event loop, of two connections at least; PostgreSQL only
  milliseconds acquire_timeout{2'000};
  milliseconds slow_acquire{1'000}; // 0: none is told of before that
  milliseconds query_timeout{30'000}; // 0: none
  milliseconds slow_statement{1'000}; // 0: none is logged for that
  bool explain_slow = false;
  milliseconds connect_timeout{2'000};
  milliseconds health_check{30'000};    // 0: none is asked
  milliseconds idle_timeout{600'000};   // 0: never closed for that
  milliseconds max_lifetime{1'800'000}; // the same
  std::string migrations; // folder; empty: the application's own, of the default database
  bool read_only = false;
  std::string fallback; // the database that is asked instead of a read-only one that is away; empty: none

  friend bool operator==(const storage_settings&, const storage_settings&) = default;
};

/// The name of the database of the section [storage].
inline constexpr std::string_view default_database = "storage";

/// The databases beside that one, by name: 1 to 32 of the characters a-z 0-9 _, the first a letter.
using named_databases = std::map<std::string, storage_settings, std::less<>>;

/// What the node gives to the actors that run in it.
struct actor_settings {
  unsigned blocking_threads = 16;
  unsigned blocking_queue = 1000;
  milliseconds watchdog{50}; // 0: off
  bool pin_threads = false;

  friend bool operator==(const actor_settings&, const actor_settings&) = default;
};

enum class log_level { trace, debug, info, warn, error, off };

/// `automatic` (written "auto"): text on a terminal, JSON lines otherwise.
enum class log_format { automatic, text, json };

/// The word that stands for the value in settings: "info", "auto".
std::string to_string(log_level level);
std::string to_string(log_format format);

struct log_settings {
  log_level level = log_level::info;
  log_format format = log_format::automatic;
  bool access = true;

  friend bool operator==(const log_settings&, const log_settings&) = default;
};

/// Traces of requests. The first two are the gateway's alone.
struct trace_settings {
  trace_source accept = trace_source::trusted;
  double sample = 0.01; // share of the requests that bring no trace along
  std::string export_to = "none"; // or a file, or http://HOST:PORT of an OTLP receiver
  bool sql_comments = false;

  [[nodiscard]] bool exports() const noexcept { return export_to != "none"; }

  friend bool operator==(const trace_settings&, const trace_settings&) = default;
};

/// What thread has a node's connections to other nodes: its first event loop, which saves a change of threads for each
/// message, or one of their own, as `automatic` (written "auto") has it from three event loops on.
enum class cluster_io { automatic, loop, thread };

std::string to_string(cluster_io what);

/// How the nodes of a cluster keep track of each other, and how they know each other. Files are PEM.
struct cluster_settings {
  milliseconds failure_timeout{3'000}; // without a sign of life
  milliseconds slow_start{5'000};      // 0: new nodes get their share at once
  cluster_io io = cluster_io::automatic;
  std::string certificate;             // file, with its chain; empty: no TLS
  std::string key;                     // file; empty: in that of the certificate
  std::string ca;                      // file with the authorities that sign nodes

  [[nodiscard]] bool has_tls() const noexcept { return !certificate.empty(); }

  friend bool operator==(const cluster_settings&, const cluster_settings&) = default;
};

struct gateway_settings {
  endpoint listen{"127.0.0.1", 8080};
  endpoint cluster{"127.0.0.1", 4242};
  bool cluster_insecure = false;
  std::optional<endpoint> advertise; // none: `cluster`, if others can reach it by that
  std::vector<endpoint> peers;       // cluster addresses of other gateways
  endpoint admin{"127.0.0.1", 8081};
  std::string admin_token; // a secret; empty: none is asked for
  unsigned threads = 0; // event loops; 0: one per core
  bool local_workers = true;
  bool share_address = false; // with a gateway that takes over
  milliseconds drain_timeout{10'000};
  http_settings http;
  tls_settings tls;
  cluster_settings cluster_nodes;
  storage_settings storage;
  named_databases databases;
  actor_settings actors;
  log_settings log;
  trace_settings trace;

  friend bool operator==(const gateway_settings&, const gateway_settings&) = default;
};

struct worker_settings {
  std::vector<endpoint> join; // at least one after parse()
  std::string name;           // empty: the node chooses HOSTNAME-PID
  bool cluster_insecure = false;
  std::optional<endpoint> admin;
  std::string admin_token; // a secret; empty: none is asked for
  unsigned threads = 0;       // event loops; 0: one per core
  unsigned max_in_work = 1024; // of one gateway on one event loop
  milliseconds drain_timeout{10'000};
  cluster_settings cluster_nodes;
  storage_settings storage;
  named_databases databases;
  actor_settings actors;
  log_settings log;
  trace_settings trace;

  friend bool operator==(const worker_settings&, const worker_settings&) = default;
};

} // namespace troupe::config
