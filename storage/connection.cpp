#include "storage/connection.hpp"

#include "config/secrets.hpp"
#include "storage/postgres/postgres_connection.hpp"
#include "storage/sqlite/sqlite_connection.hpp"

#include <utility>

namespace troupe::storage {

backend backend_of(std::string_view url) {
  if (url.starts_with("sqlite:")) {
    (void)sqlite::path_of(url); // throws without one
    return backend::sqlite;
  }
  if (url.starts_with("postgres://") || url.starts_with("postgresql://"))
    return backend::postgres;
  throw error{errc::invalid_argument, "storage URL \"" + config::mask_secrets(url)
                                        + "\": expected sqlite:PATH or postgres://..."};
}

sql_result connection::run(const sql_statement& statement) {
  switch (statement.steps.what) {
  case sql_steps::kind::none: return execute(statement);
  case sql_steps::kind::open: return open_cursor(statement);
  case sql_steps::kind::fetch: return fetch(statement.steps);
  case sql_steps::kind::close: close_cursor(statement.steps); return {};
  case sql_steps::kind::copy: return copy_in(statement);
  case sql_steps::kind::commit: return commit_and_notify(statement);
  case sql_steps::kind::notify: return execute(statement);
  }
  throw error{errc::internal, "storage: no such step"};
}

sql_result connection::commit_and_notify(const sql_statement& commit) {
  sql_array names;
  sql_array payloads;
  for (std::size_t i = 0; i + 1 < commit.parameters.size(); i += 2) {
    names.elements.push_back(commit.parameters[i]);
    payloads.elements.push_back(commit.parameters[i + 1]);
  }
  try {
    execute({"SELECT pg_notify(c, p) FROM unnest(CAST($1 AS text[]), CAST($2 AS text[])) AS told(c, p)",
             {std::move(names), std::move(payloads)}});
  } catch (const error& e) {
    if (e.code() != errc::internal)
      throw;
    // The transaction has failed before, or by this: COMMIT says so.
  }
  return execute({commit.sql, {}});
}

std::unique_ptr<connection> connect(const config::storage_settings& settings) {
  switch (backend_of(settings.url)) {
  case backend::sqlite: {
    const auto path = sqlite::path_of(settings.url);
    if (!settings.read_only)
      return sqlite::open(path, settings.query_timeout);
    if (auto opened = sqlite::open_to_read(path, settings.query_timeout))
      return opened;
    throw statement_error{errc::unavailable, "the database is not available",
                          "SQLite file " + path + ": it is not there, and is to be read only"};
  }
  case backend::postgres:
    return postgres::open(settings.url,
                          {settings.connect_timeout, settings.query_timeout, settings.read_only,
                           settings.group_commit});
  }
  throw error{errc::internal, "storage: no such backend"};
}

std::unique_ptr<connection> connect_to_read(const config::storage_settings& settings) {
  if (backend_of(settings.url) == backend::sqlite)
    return sqlite::open_to_read(sqlite::path_of(settings.url));
  return connect(settings);
}

} // namespace troupe::storage
