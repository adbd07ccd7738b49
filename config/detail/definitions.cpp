// The table: one row for each setting. A new setting is a member in settings.hpp, which holds the
// default, and a row here; flag, variable, key, help, checks and printing follow from the row.
#include "config/detail/definition.hpp"
#include "config/detail/text_rules.hpp"

namespace troupe::config::detail {
namespace {

template <class Owner>
using member =
    std::variant<bool Owner::*, unsigned Owner::*, double Owner::*, std::size_t Owner::*, milliseconds Owner::*,
                 std::string Owner::*, endpoint Owner::*, std::optional<endpoint> Owner::*,
                 std::vector<std::string> Owner::*, std::vector<endpoint> Owner::*,
                 std::vector<network> Owner::*, log_level Owner::*, log_format Owner::*,
                 forwarded_fields Owner::*, proxy_protocol Owner::*, tls_version Owner::*,
                 client_certificate Owner::*, trace_source Owner::*, cluster_io Owner::*>;

template <class Owner>
struct row {
  definition what;
  member<Owner> where;
};

constexpr long long kib = 1024;
constexpr long long mib = 1024 * kib;
constexpr long long gib = 1024 * mib;
constexpr long long second = 1000;
constexpr long long minute = 60 * second;
constexpr long long hour = 60 * minute;
constexpr long long year = 365 * 24 * hour;

constexpr row<http_settings> http_table[] = {
    {{.section = "http",
      .key = "max_header_bytes",
      .help = "Size of a request's header fields; more is answered with 431.",
      .low = kib,
      .high = mib},
     &http_settings::max_header_bytes},
    {{.section = "http",
      .key = "max_headers",
      .help = "Number of header fields in a request; more is answered with 431.",
      .low = 8,
      .high = 1000},
     &http_settings::max_headers},
    {{.section = "http",
      .key = "max_target_bytes",
      .help = "Length of a request's path and query; more is answered with 414.",
      .low = 64,
      .high = 64 * kib},
     &http_settings::max_target_bytes},
    {{.section = "http",
      .key = "max_body_bytes",
      .help = "Size of a request's body; more is answered with 413.",
      .low = 0,
      .high = gib},
     &http_settings::max_body_bytes},
    {{.section = "http",
      .key = "max_connections",
      .help = "Connections held open at the same time.",
      .low = 1,
      .high = 1'000'000},
     &http_settings::max_connections},
    {{.section = "http",
      .key = "max_connections_per_client",
      .help = "Connections of one address (IPv6: of one /64), proxies excepted; 0: as many as come.",
      .low = 0,
      .high = 1'000'000},
     &http_settings::max_connections_per_client},
    {{.section = "http",
      .key = "max_requests_per_connection",
      .help = "Requests after which a connection is closed; 0: never for that.",
      .low = 0,
      .high = 1'000'000'000},
     &http_settings::max_requests_per_connection},
    {{.section = "http",
      .key = "max_pipelined",
      .help = "Requests of one connection that may wait for their answers.",
      .low = 1,
      .high = 1024},
     &http_settings::max_pipelined},
    {{.section = "http",
      .key = "max_in_work",
      .help = "Requests of one route that are in work at once, for each event loop.",
      .low = 1,
      .high = 1'000'000},
     &http_settings::max_in_work},
    {{.section = "http",
      .key = "max_queued",
      .help = "Requests of one route that wait for a place in work, for each event loop; more get 503.",
      .low = 0,
      .high = 1'000'000},
     &http_settings::max_queued},
    {{.section = "http",
      .key = "max_unsent_bytes",
      .help = "Bytes of answers that a client has not taken before no more of its requests are read.",
      .low = kib,
      .high = gib},
     &http_settings::max_unsent_bytes},
    {{.section = "http",
      .key = "max_buffered_bytes",
      .help = "Bytes of requests and answers that the node keeps for its clients; past that they get 503.",
      .low = mib,
      .high = 1024 * gib},
     &http_settings::max_buffered_bytes},
    {{.section = "http",
      .key = "head_timeout",
      .help = "Time for a client to send a request's head.",
      .low = 10,
      .high = hour},
     &http_settings::head_timeout},
    {{.section = "http",
      .key = "body_timeout",
      .help = "Time for a client to send a request's body, besides what min_transfer_rate gives.",
      .low = 10,
      .high = hour},
     &http_settings::body_timeout},
    {{.section = "http",
      .key = "idle_timeout",
      .help = "Time a connection may stay open without a request.",
      .low = 10,
      .high = hour},
     &http_settings::idle_timeout},
    {{.section = "http",
      .key = "write_timeout",
      .help = "Time for a client to take an answer, besides what min_transfer_rate gives.",
      .low = 10,
      .high = hour},
     &http_settings::write_timeout},
    {{.section = "http",
      .key = "min_transfer_rate",
      .help = "Bytes a second that prolong body_timeout and write_timeout; 0: nothing does.",
      .low = 0,
      .high = gib},
     &http_settings::min_transfer_rate},
    {{.section = "http",
      .key = "handler_timeout",
      .help = "Time for a handler to answer; then the client gets 504.",
      .low = 10,
      .high = hour},
     &http_settings::handler_timeout},
    {{.section = "http",
      .key = "queue_target",
      .help = "Time that requests may wait for their turn while there are too many; then some get 503.",
      .low = 1,
      .high = minute},
     &http_settings::queue_target},
    {{.section = "http",
      .key = "max_websocket_message",
      .help = "Largest message that a client may send on a WebSocket.",
      .low = kib,
      .high = gib},
     &http_settings::max_websocket_message},
    {{.section = "http",
      .key = "websocket_idle_timeout",
      .help = "Time without a sign of life after which a WebSocket is lost; pinged after half of it.",
      .low = second,
      .high = hour},
     &http_settings::websocket_idle_timeout},
    {{.section = "http",
      .key = "websocket_compression",
      .help = "Compress messages (permessage-deflate) for clients that can; takes 60 KiB each.",
      .form = flag_form::switch_false},
     &http_settings::websocket_compression},
    {{.section = "http",
      .key = "websocket_origins",
      .help = "Other origins whose pages may open WebSockets, such as https://a.example; *: all.",
      .text_hint = "ORIGIN",
      .text_rule = "SCHEME://HOST, SCHEME://HOST:PORT or *",
      .accepts_text = is_origin,
      .may_be_empty = true},
     &http_settings::websocket_origins},
    {{.section = "http",
      .key = "trusted_proxies",
      .help = "Address or network of a proxy whose word on the client counts; repeat for each.",
      .may_be_empty = true},
     &http_settings::trusted_proxies},
    {{.section = "http",
      .key = "forwarded",
      .help = "Fields that the trusted proxies set; any: Forwarded, else X-Forwarded-*."},
     &http_settings::forwarded},
    {{.section = "http",
      .key = "proxy_protocol",
      .help = "PROXY header that begins each connection, from trusted proxies; on: v1 or v2."},
     &http_settings::proxy_protocol},
};

constexpr row<tls_settings> tls_table[] = {
    {{.section = "tls",
      .key = "certificates",
      .help = "PEM file with a certificate and its chain; repeat for each, the first is the default.",
      .text_hint = "FILE",
      .text_rule = "the path of a PEM file",
      .may_be_empty = true},
     &tls_settings::certificates},
    {{.section = "tls",
      .key = "keys",
      .help = "PEM file with the key of a certificate, in the same order; none: they are beside them.",
      .text_hint = "FILE",
      .text_rule = "the path of a PEM file",
      .may_be_empty = true},
     &tls_settings::keys},
    {{.section = "tls",
      .key = "self_signed",
      .help = "Serve HTTPS with a certificate made at the start, for development.",
      .form = flag_form::switch_true},
     &tls_settings::self_signed},
    {{.section = "tls", .key = "min_version", .help = "The oldest version of TLS that is spoken."},
     &tls_settings::min_version},
    {{.section = "tls",
      .key = "client_ca",
      .help = "PEM file with the authorities whose certificates clients may show.",
      .text_hint = "FILE",
      .text_rule = "the path of a PEM file",
      .may_be_empty = true},
     &tls_settings::client_ca},
    {{.section = "tls",
      .key = "client_certificate",
      .help = "Whether clients must show a certificate of client_ca; optional: if they have one."},
     &tls_settings::client_certificate},
    {{.section = "tls",
      .key = "redirect_from",
      .help = "Where plain HTTP is answered with 308 to HTTPS; empty: nowhere.",
      .may_be_empty = true},
     &tls_settings::redirect_from},
    {{.section = "tls",
      .key = "hsts_max_age",
      .help = "How long browsers use HTTPS only (Strict-Transport-Security); 0s: they are not told.",
      .low = 0,
      .high = 2 * year},
     &tls_settings::hsts_max_age},
};

constexpr row<storage_settings> storage_table[] = {
    {{.section = "storage",
      .key = "url",
      .help = "The database, the same for all nodes: an SQLite file or a PostgreSQL server.",
      .name = "storage",
      .secret = secrecy::in_url,
      .text_hint = "URL",
      .text_rule = "sqlite:PATH, postgres://... or postgresql://...",
      .accepts_text = is_storage_url},
     &storage_settings::url},
    {{.section = "storage",
      .key = "max_connections",
      .help = "Connections to the database that are open at the same time.",
      .low = 1,
      .high = 1000},
     &storage_settings::max_connections},
    {{.section = "storage",
      .key = "min_connections",
      .help = "Connections to the database that are kept open though nobody needs them.",
      .low = 0,
      .high = 1000},
     &storage_settings::min_connections},
    {{.section = "storage",
      .key = "cluster_connections",
      .help = "Connections to PostgreSQL of all nodes together, of which each has its share; 0: 9/10 of what it allows.",
      .low = 0,
      .high = 100'000},
     &storage_settings::cluster_connections},
    {{.section = "storage",
      .key = "max_batch",
      .help = "Quick statements that one connection to PostgreSQL takes at once, of those that wait; 1: each "
              "by itself.",
      .low = 1,
      .high = 1000},
     &storage_settings::max_batch},
    {{.section = "storage",
      .key = "share_reads",
      .help = "Let reads that are marked so share a result (ctx.db().shared()) or a statement (coalesce()); the flag "
              "has each carried out by itself.",
      .form = flag_form::switch_false},
     &storage_settings::share_reads},
    {{.section = "storage",
      .key = "group_commit",
      .help = "Let changes outside of transactions that one connection to PostgreSQL takes at once share a commit; "
              "each has its own result all the same.",
      .form = flag_form::switch_true},
     &storage_settings::group_commit},
    {{.section = "storage",
      .key = "per_loop",
      .help = "Give each event loop a share of the connections to PostgreSQL for itself: statements do not change threads, "
              "but a loop does not use what others have free.",
      .form = flag_form::switch_true},
     &storage_settings::per_loop},
    {{.section = "storage",
      .key = "acquire_timeout",
      .help = "Time a statement waits for a free connection; then the client gets 503.",
      .low = 10,
      .high = 10 * minute},
     &storage_settings::acquire_timeout},
    {{.section = "storage",
      .key = "slow_acquire",
      .help = "Time from which on the log tells that a statement waits for a connection, and for whom; 0s: never.",
      .low = 0,
      .high = 10 * minute},
     &storage_settings::slow_acquire},
    {{.section = "storage",
      .key = "query_timeout",
      .help = "Time one statement may run; then the database ends it and the client gets 504. 0s: no limit.",
      .low = 0,
      .high = 24 * hour},
     &storage_settings::query_timeout},
    {{.section = "storage",
      .key = "slow_statement",
      .help = "Time from which on the log has a line for a statement; 0s: never.",
      .low = 0,
      .high = hour},
     &storage_settings::slow_statement},
    {{.section = "storage",
      .key = "explain_slow",
      .help = "Ask the database for the plan of slow statements (EXPLAIN, not run again), for the log.",
      .form = flag_form::switch_true},
     &storage_settings::explain_slow},
    {{.section = "storage",
      .key = "connect_timeout",
      .help = "Time to open one connection to the database.",
      .low = second,
      .high = minute},
     &storage_settings::connect_timeout},
    {{.section = "storage",
      .key = "health_check",
      .help = "Time after which the PostgreSQL server is asked whether a connection that nobody has used is still "
              "there; 0s: never.",
      .low = 0,
      .high = 24 * hour},
     &storage_settings::health_check},
    {{.section = "storage",
      .key = "idle_timeout",
      .help = "Time after which a connection that nobody has needed is closed; 0s: never.",
      .low = 0,
      .high = 24 * hour},
     &storage_settings::idle_timeout},
    {{.section = "storage",
      .key = "max_lifetime",
      .help = "Time after which a connection is replaced by a new one, less up to a tenth; 0s: never.",
      .low = 0,
      .high = 24 * hour},
     &storage_settings::max_lifetime},
    {{.section = "storage",
      .key = "migrations",
      .help = "Folder of NNN_name.sql files to apply at the start; empty: the application's own.",
      .text_hint = "DIR",
      .text_rule = "the path of a folder",
      .may_be_empty = true},
     &storage_settings::migrations},
    {{.section = "storage",
      .key = "read_only",
      .help = "Refuse what changes the database, as for a replica; migrations are not applied.",
      .form = flag_form::switch_true},
     &storage_settings::read_only},
    {{.section = "storage",
      .key = "fallback",
      .help = "The database that is asked instead while this one, which is only read, is away; empty: none.",
      .text_hint = "NAME",
      .text_rule = "the name of a database",
      .may_be_empty = true},
     &storage_settings::fallback},
};

constexpr row<cluster_settings> cluster_table[] = {
    {{.section = "cluster",
      .key = "failure_timeout",
      .help = "Time without a sign of life of another node after which it counts as lost.",
      .low = 100,
      .high = hour},
     &cluster_settings::failure_timeout},
    {{.section = "cluster",
      .key = "slow_start",
      .help = "Time in which a worker node that has joined comes to its full share of the requests; 0s: at once.",
      .low = 0,
      .high = hour},
     &cluster_settings::slow_start},
    {{.section = "cluster",
      .key = "io",
      .help = "What has the connections to other nodes: the first event loop, or a thread of their own; auto: that, with "
              "more than two loops."},
     &cluster_settings::io},
    {{.section = "cluster",
      .key = "certificate",
      .help = "PEM file with the node's certificate and its chain, for TLS between nodes.",
      .text_hint = "FILE",
      .text_rule = "the path of a PEM file",
      .may_be_empty = true},
     &cluster_settings::certificate},
    {{.section = "cluster",
      .key = "key",
      .help = "PEM file with the key of the node's certificate; none: it is beside that.",
      .text_hint = "FILE",
      .text_rule = "the path of a PEM file",
      .may_be_empty = true},
     &cluster_settings::key},
    {{.section = "cluster",
      .key = "ca",
      .help = "PEM file with the authorities whose certificates the other nodes must show.",
      .text_hint = "FILE",
      .text_rule = "the path of a PEM file",
      .may_be_empty = true},
     &cluster_settings::ca},
};

constexpr row<actor_settings> actor_table[] = {
    {{.section = "actors",
      .key = "blocking_threads",
      .help = "Threads for calls that block (ctx.blocking); started with the first such call.",
      .low = 1,
      .high = 1024},
     &actor_settings::blocking_threads},
    {{.section = "actors",
      .key = "blocking_queue",
      .help = "Blocking calls that may wait for a thread; then the client gets 503.",
      .low = 0,
      .high = 1'000'000},
     &actor_settings::blocking_queue},
    {{.section = "actors",
      .key = "watchdog",
      .help = "Time a handler may run without co_await before the log names it; 0s: never.",
      .low = 0,
      .high = hour},
     &actor_settings::watchdog},
    {{.section = "actors",
      .key = "pin_threads",
      .help = "Keep each event loop on a core of its own: for machines that run nothing else.",
      .form = flag_form::switch_true},
     &actor_settings::pin_threads},
};

constexpr row<log_settings> log_table[] = {
    {{.section = "log", .key = "level", .help = "The least important kind of line that is logged."},
     &log_settings::level},
    {{.section = "log",
      .key = "format",
      .help = "How lines are written; auto: text on a terminal, JSON otherwise."},
     &log_settings::format},
    {{.section = "log",
      .key = "access",
      .help = "Log a line for each request that the gateway answers.",
      .name = "access-log"},
     &log_settings::access},
};

constexpr row<trace_settings> gateway_trace_table[] = {
    {{.section = "trace",
      .key = "accept",
      .help = "Whose traceparent fields the gateway goes on with; trusted: those of http.trusted_proxies."},
     &trace_settings::accept},
    {{.section = "trace",
      .key = "sample",
      .help = "Share of the requests without a trace of their own that one is begun for, where it is exported.",
      .low = 0,
      .high = 1},
     &trace_settings::sample},
};

constexpr row<trace_settings> trace_table[] = {
    {{.section = "trace",
      .key = "export",
      .help = "Where the spans of sampled traces go, as JSON of OTLP; none: nowhere.",
      .text_hint = "WHERE",
      .text_rule = "none, the path of a file, or http://HOST:PORT of an OTLP receiver",
      .accepts_text = is_trace_export},
     &trace_settings::export_to},
    {{.section = "trace",
      .key = "sql_comments",
      .help = "Add /*traceparent='...'*/ to the statements of sampled traces, which are not prepared then.",
      .form = flag_form::switch_true},
     &trace_settings::sql_comments},
};

constexpr definition threads(std::string_view section) {
  return {.section = section,
          .key = "threads",
          .help = "Event loops, each a thread of its own; 0: one for each core.",
          .low = 0,
          .high = 256};
}

constexpr definition admin_token(std::string_view section) {
  return {.section = section,
          .key = "admin_token",
          .help = "Bearer token of the admin address, needed where other machines reach it.",
          .secret = secrecy::whole,
          .text_hint = "TOKEN",
          .text_rule = "16 to 256 of the characters A-Z a-z 0-9 - . _ ~ + / =",
          .accepts_text = is_token,
          .may_be_empty = true};
}

constexpr definition drain_timeout(std::string_view section) {
  return {.section = section,
          .key = "drain_timeout",
          .help = "Time for requests in flight to end when the node is stopped.",
          .low = 0,
          .high = 10 * minute};
}

constexpr row<gateway_settings> gateway_table[] = {
    {{.section = "gateway",
      .key = "listen",
      .help = "Where HTTP is served; port 0: any free port."},
     &gateway_settings::listen},
    {{.section = "gateway",
      .key = "cluster",
      .help = "Where worker nodes join; port 0: any free port."},
     &gateway_settings::cluster},
    {{.section = "gateway",
      .key = "cluster_insecure",
      .help = "Allow a cluster address that other machines reach, unencrypted.",
      .form = flag_form::switch_true},
     &gateway_settings::cluster_insecure},
    {{.section = "gateway",
      .key = "advertise",
      .help = "Address by which other nodes reach the cluster address; empty: that itself.",
      .low = 1,
      .may_be_empty = true},
     &gateway_settings::advertise},
    {{.section = "gateway",
      .key = "peers",
      .help = "Cluster address of another gateway, to be told of where nodes join that; repeat for each.",
      .low = 1,
      .may_be_empty = true},
     &gateway_settings::peers},
    {{.section = "gateway",
      .key = "admin",
      .help = "Where health, metrics and lists of nodes and actors are served; port 0: any free port."},
     &gateway_settings::admin},
    {admin_token("gateway"), &gateway_settings::admin_token},
    {threads("gateway"), &gateway_settings::threads},
    {{.section = "gateway",
      .key = "local_workers",
      .help = "Answer requests in the gateway itself, too; the flag leaves them to worker nodes.",
      .form = flag_form::switch_false},
     &gateway_settings::local_workers},
    {{.section = "gateway",
      .key = "share_address",
      .help = "Let another gateway listen on the same addresses, to take over when this one stops.",
      .form = flag_form::switch_true},
     &gateway_settings::share_address},
    {drain_timeout("gateway"), &gateway_settings::drain_timeout},
};

constexpr row<worker_settings> worker_table[] = {
    {{.section = "worker",
      .key = "join",
      .help = "Cluster address of a gateway to serve, at least one; repeat for each gateway.",
      .low = 1},
     &worker_settings::join},
    {{.section = "worker",
      .key = "name",
      .help = "Name of the node in logs and node list; empty: HOSTNAME-PID.",
      .text_hint = "NAME",
      .text_rule = "1 to 64 of the characters A-Z a-z 0-9 . _ -",
      .accepts_text = is_node_name,
      .may_be_empty = true},
     &worker_settings::name},
    {{.section = "worker",
      .key = "cluster_insecure",
      .help = "Join gateways on other machines unencrypted.",
      .form = flag_form::switch_true},
     &worker_settings::cluster_insecure},
    {{.section = "worker",
      .key = "admin",
      .help = "Where health, metrics and the list of actors are served; empty: nowhere.",
      .may_be_empty = true},
     &worker_settings::admin},
    {admin_token("worker"), &worker_settings::admin_token},
    {threads("worker"), &worker_settings::threads},
    {{.section = "worker",
      .key = "max_in_work",
      .help = "Requests of one gateway that the node takes before it has answered, for each event loop.",
      .low = 1,
      .high = 1'000'000},
     &worker_settings::max_in_work},
    {drain_timeout("worker"), &worker_settings::drain_timeout},
};

constexpr row<admin_settings> admin_table[] = {
    {{.section = "gateway", .key = "admin", .help = "The admin address of the gateway to ask.", .low = 1},
     &admin_settings::admin},
    {admin_token("gateway"), &admin_settings::admin_token},
};

template <class Owner>
slot place_in(Owner& owner, const member<Owner>& where) {
  return std::visit([&](auto m) { return slot(&(owner.*m)); }, where);
}

template <class Owner, std::size_t Size>
void bind(const row<Owner> (&rows)[Size], Owner& owner, std::vector<setting>& result) {
  for (const auto& [what, where] : rows)
    result.push_back({{std::shared_ptr<void>(), &what}, place_in(owner, where)});
}

/// The row of a named database, and what its views are of.
struct named_definition {
  named_definition(const definition& of, const std::string& database)
      : section("databases." + database), what(of) {
    what.section = section;
    what.name = {};
    if (what.key == "migrations") what.help = "Folder of NNN_name.sql files to apply at the start.";
  }

  std::string section;
  definition what;
};

void bind(named_databases& databases, std::vector<setting>& result) {
  for (auto& [name, settings] : databases)
    for (const auto& [what, where] : storage_table) {
      const auto made = std::make_shared<const named_definition>(what, name);
      result.push_back({{made, &made->what}, place_in(settings, where)});
    }
}

} // namespace

std::vector<setting> settings_of(gateway_settings& settings) {
  std::vector<setting> result;
  bind(gateway_table, settings, result);
  bind(http_table, settings.http, result);
  bind(tls_table, settings.tls, result);
  bind(cluster_table, settings.cluster_nodes, result);
  bind(storage_table, settings.storage, result);
  bind(settings.databases, result);
  bind(actor_table, settings.actors, result);
  bind(log_table, settings.log, result);
  bind(gateway_trace_table, settings.trace, result);
  bind(trace_table, settings.trace, result);
  return result;
}

std::vector<setting> settings_of(worker_settings& settings) {
  std::vector<setting> result;
  bind(worker_table, settings, result);
  bind(cluster_table, settings.cluster_nodes, result);
  bind(storage_table, settings.storage, result);
  bind(settings.databases, result);
  bind(actor_table, settings.actors, result);
  bind(log_table, settings.log, result);
  bind(trace_table, settings.trace, result);
  return result;
}

std::vector<setting> settings_of(admin_settings& settings) {
  std::vector<setting> result;
  bind(admin_table, settings, result);
  return result;
}

std::vector<setting> settings_of_migrations(database_settings& settings) {
  std::vector<setting> result;
  bind(storage_table, settings.storage, result);
  bind(settings.databases, result);
  std::erase_if(result, [](const setting& each) {
    const auto key = each.what->key;
    return key != "url" && key != "connect_timeout" && key != "migrations" && key != "read_only";
  });
  return result;
}

std::vector<setting> settings_of_folders(database_settings& settings) {
  auto result = settings_of_migrations(settings);
  std::erase_if(result, [](const setting& each) { return each.what->key != "migrations"; });
  return result;
}

std::vector<std::string> keys_of_a_database() {
  std::vector<std::string> result;
  for (const auto& each : storage_table)
    result.emplace_back(each.what.key);
  return result;
}

} // namespace troupe::config::detail
