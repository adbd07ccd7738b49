#include "storage/postgres/libpq.hpp"

#include "storage/connection.hpp"
#include "storage/detail/sql_text.hpp"
#include "storage/postgres/sqlstate.hpp"

#include <spdlog/spdlog.h>

#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>

namespace troupe::storage::postgres {

namespace {

using clock = std::chrono::steady_clock;

struct session_closer {
  void operator()(PGconn* session) const noexcept { PQfinish(session); }
};
using session_ptr = std::unique_ptr<PGconn, session_closer>;

constexpr const char* session_settings =
  "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex';"
  "SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET standard_conforming_strings = on";

void log_notice(void*, const char* text) {
  try {
    spdlog::debug("PostgreSQL: {}", one_line(text));
  } catch (...) { // libpq is C: nothing may pass through it
  }
}

[[noreturn]] void throw_unavailable(const std::string& internal) {
  throw statement_error{errc::unavailable, "the database is not available", one_line(internal)};
}

struct options_freer {
  void operator()(PQconninfoOption* of) const noexcept { PQconninfoFree(of); }
};

/// Of a URL, which is libpq's to refuse.
std::size_t number_of_hosts(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, options_freer> options{PQconninfoParse(url.c_str(), nullptr)};
  std::size_t most = 1;
  for (const auto* each = options.get(); each != nullptr && each->keyword != nullptr; ++each) {
    const std::string_view keyword = each->keyword;
    if (each->val != nullptr && (keyword == "host" || keyword == "hostaddr")) {
      const std::string_view names = each->val;
      most = std::max<std::size_t>(most, 1 + static_cast<std::size_t>(std::count(names.begin(), names.end(), ',')));
    }
  }
  return most;
}

/// Of several hosts, to the end: step by step libpq would stay with a first one that is silent.
session_ptr start(const std::string& url, std::chrono::milliseconds connecting) {
  const auto hosts = number_of_hosts(url);
  const auto each = std::chrono::ceil<std::chrono::seconds>(connecting / hosts);
  const auto limit = std::to_string(std::max<long>(each.count(), 2)); // what libpq makes of one, too
  // In libpq the later of two equal keywords wins: our defaults stand before the URL, what the rest
  // of this folder relies on after it.
  const std::array<const char*, 10> keywords{
    "fallback_application_name", "gssencmode",       "keepalives_idle", "keepalives_interval", "keepalives_count",
    "tcp_user_timeout",          "connect_timeout",  "dbname",          "client_encoding",     nullptr};
  const std::array<const char*, 10> values{"troupe", "disable",     "10",        "3",    "3",
                                           "15000",  limit.c_str(), url.c_str(), "UTF8", nullptr};
  constexpr int expand_url = 1;
  const auto connect = hosts > 1 ? PQconnectdbParams : PQconnectStartParams;
  return session_ptr{connect(keywords.data(), values.data(), expand_url)};
}

void finish_connecting(PGconn* session, clock::time_point until) {
  auto state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for_socket(session, events, until))
      throw_unavailable("no connection within the connect timeout");
    state = PQconnectPoll(session);
    if (state == PGRES_POLLING_FAILED)
      throw_unavailable(PQerrorMessage(session));
  }
}

std::string settings_of(const session_options& options) {
  std::string out = session_settings;
  if (options.statement.count() > 0)
    out += "; SET statement_timeout = " + std::to_string(options.statement.count());
  if (options.read_only)
    out += "; SET default_transaction_read_only = on";
  return out;
}

constexpr int first_that_looks_at_clients = 140'000;
constexpr const char* look_at_the_client = "SET client_connection_check_interval = '1s'";
constexpr std::string_view own_interval = "1s";

/// What runs for a client that is gone ends within a second, and not when the server has something to write. Not every
/// server's system can tell.
void have_it_look_at_its_client(PGconn* session, clock::time_point until) {
  if (PQserverVersion(session) < first_that_looks_at_clients)
    return;
  try {
    run_until(session, look_at_the_client, until);
  } catch (const statement_error&) {
    if (PQstatus(session) != CONNECTION_OK || PQtransactionStatus(session) != PQTRANS_IDLE)
      throw;
  }
}

/// Throws away what the server sends for COPY ... TO STDOUT: nobody reads it.
void drain_copy(PGconn* session) {
  char* data = nullptr;
  while (PQgetCopyData(session, &data, 0) > 0)
    PQfreemem(data);
}

/// The position counts characters, not bytes, from 1.
std::size_t line_of_position(const std::string& sql, std::size_t position) {
  std::size_t line = 1;
  std::size_t characters = 0;
  for (auto c : sql) {
    const bool begins_character = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (begins_character && ++characters == position)
      break;
    if (c == '\n')
      ++line;
  }
  return line;
}

[[noreturn]] void throw_script_error(const PGresult* result, const std::string& sql,
                                     std::size_t statement) {
  const auto* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const auto* position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
  const auto* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const auto line = position != nullptr ? line_of_position(sql, std::stoul(position))
                                        : line_of_statement(sql, statement);
  const auto where = line != 0 ? "line " + std::to_string(line)
                               : "statement " + std::to_string(statement);
  const auto what = meaning_of(state != nullptr ? state : "08000");
  throw statement_error{what.code, what.detail,
                        where + ": "
                          + one_line(message != nullptr ? message : PQresultErrorMessage(result))};
}

} // namespace

std::string state_of(const PGresult* refused) {
  const auto* state = PQresultErrorField(refused, PG_DIAG_SQLSTATE);
  return state != nullptr ? state : "";
}

refusal::refusal(const PGresult* from, std::string place)
  : std::runtime_error(one_line(PQresultErrorMessage(from))), state_(state_of(from)), place_(std::move(place)) {}

PGconn* connect_session(const std::string& url, const session_options& options) {
  auto session = start(url, options.connecting);
  const auto until = clock::now() + options.connecting;
  if (!session)
    throw_unavailable("out of memory");
  if (PQstatus(session.get()) == CONNECTION_BAD)
    throw_unavailable(PQerrorMessage(session.get()));
  log_notices(session.get());
  finish_connecting(session.get(), until);
  run_until(session.get(), settings_of(options).c_str(), until);
  have_it_look_at_its_client(session.get(), until);
  return session.release();
}

void log_notices(PGconn* session) noexcept {
  PQsetNoticeProcessor(session, log_notice, nullptr);
}

bool is_alive(PGconn* session) noexcept {
  if (PQstatus(session) != CONNECTION_OK)
    return false;
  pollfd socket{PQsocket(session), POLLIN | POLLRDHUP, 0};
  if (poll(&socket, 1, 0) <= 0)
    return true;
  if ((socket.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0)
    return false;
  // Something unasked for, a notice or a changed parameter: read, so that it does not pile up.
  if (PQconsumeInput(session) == 0)
    return false;
  PQisBusy(session);
  return PQstatus(session) == CONNECTION_OK;
}

bool wait_for_socket(PGconn* session, short events, clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
    pollfd wanted{PQsocket(session), events, 0};
    const int ready = poll(&wanted, 1, static_cast<int>(std::clamp<long>(left, 0, std::numeric_limits<int>::max())));
    if (ready > 0)
      return true;
    if (ready == 0)
      return false;
    if (errno != EINTR)
      throw_unavailable("poll failed");
  }
}

result_ptr run_until(PGconn* session, const char* sql, clock::time_point until) {
  if (PQsendQuery(session, sql) == 0)
    throw_unavailable(PQerrorMessage(session));
  std::string refused;
  for (result_ptr last;;) { // all results must be taken
    while (PQisBusy(session) != 0) {
      if (!wait_for_socket(session, POLLIN, until))
        throw_unavailable("the server has the connection, but did not answer within the connect timeout");
      if (PQconsumeInput(session) == 0)
        throw_unavailable(PQerrorMessage(session));
    }
    result_ptr result{PQgetResult(session)};
    if (!result && !refused.empty())
      throw_unavailable(refused);
    if (!result)
      return last;
    if (const auto status = PQresultStatus(result.get()); status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
      refused = PQresultErrorMessage(result.get());
    last = std::move(result);
  }
}

bool has_more_inside(PGconn* session) noexcept {
  auto* tls = static_cast<SSL*>(PQsslStruct(session, "OpenSSL"));
  return tls != nullptr && SSL_pending(tls) > 0;
}

void restore_settings(PGconn* session, const session_options& options) {
  const result_ptr now{PQexec(session, "SELECT current_setting('client_connection_check_interval', true)")};
  const bool looks = PQresultStatus(now.get()) == PGRES_TUPLES_OK && PQgetvalue(now.get(), 0, 0) == own_interval;
  run_script(session, "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; " + settings_of(options)
                        + (looks ? std::string{"; "} + look_at_the_client : ""));
}

void run_script(PGconn* session, const std::string& sql) {
  if (PQsendQuery(session, sql.c_str()) == 0)
    throw_unavailable(PQerrorMessage(session));
  std::size_t done = 0;
  result_ptr failed;
  while (result_ptr result{PQgetResult(session)}) {
    if (failed)
      continue; // all results must be taken
    switch (PQresultStatus(result.get())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK: ++done; break;
    case PGRES_EMPTY_QUERY: break;
    case PGRES_COPY_OUT: drain_copy(session); break;
    case PGRES_COPY_IN: PQputCopyEnd(session, "COPY from the client is not possible here"); break;
    default: failed = std::move(result);
    }
  }
  if (failed)
    throw_script_error(failed.get(), sql, done + 1);
}

} // namespace troupe::storage::postgres
