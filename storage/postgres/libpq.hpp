#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace troupe::storage::postgres {

struct result_clearer {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using result_ptr = std::unique_ptr<PGresult, result_clearer>;

/// The SQLSTATE of what a server has refused; empty: it has not said.
[[nodiscard]] std::string state_of(const PGresult* refused);

/// What a server has said against a statement.
class refusal : public std::runtime_error {
public:
  /// `place`: where in what was sent, for the client's eyes, too; may be empty.
  explicit refusal(const PGresult* from, std::string place = {});

  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  [[nodiscard]] const std::string& place() const noexcept { return place_; }

private:
  std::string state_;
  std::string place_;
};

struct session_options {
  std::chrono::milliseconds connecting; ///< at most; libpq's own limit counts seconds, two at least
  std::chrono::milliseconds statement;  ///< the server ends one that runs longer; 0: as the server is set up
  bool read_only = false;               ///< transactions are, unless they begin with READ WRITE
  bool group_commit = false;            ///< changes in a pipe may share a transaction
};

/// Connects and sets the session up. Where the URL names several hosts, each has its part of `connecting`, two seconds at
/// least. The caller closes what it gets. Throws statement_error{unavailable}.
[[nodiscard]] PGconn* connect_session(const std::string& url, const session_options& options);

/// Sends the server's notices to the log (level debug) instead of stderr.
void log_notices(PGconn* session) noexcept;

/// Whether the session is known to be gone, by its socket alone: nothing is sent.
[[nodiscard]] bool is_alive(PGconn* session) noexcept;

/// Waits until the socket is ready or the time is up; false: the latter. Throws statement_error{unavailable}.
[[nodiscard]] bool wait_for_socket(PGconn* session, short events, std::chrono::steady_clock::time_point until);

/// Runs it, and gives its last result. Unlike PQexec it does not wait longer: a server, or a proxy in front of it, may be
/// silent. The session is of no use then. Throws statement_error{unavailable}, for a refusal, too.
result_ptr run_until(PGconn* session, const char* sql, std::chrono::steady_clock::time_point until);

/// Bytes that OpenSSL has taken from the socket and libpq has not: no poll tells of them.
[[nodiscard]] bool has_more_inside(PGconn* session) noexcept;

/// Those that `connect_session` gives it, in place of all that were set since, and the role that it has connected as.
void restore_settings(PGconn* session, const session_options& options);

/// Runs all statements of `sql`. Throws statement_error whose internal() begins with "line N: ",
/// or "statement N: " where the server names no place.
void run_script(PGconn* session, const std::string& sql);

} // namespace troupe::storage::postgres
