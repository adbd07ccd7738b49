#pragma once

#include "actors/messages/sql.hpp"
#include "storage/postgres/detail/pqxx_compat.hpp"
#include "storage/postgres/libpq.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::storage::postgres {

/// The cursors of one session: troupe_cursor_1, troupe_cursor_2, ..., each name used again when it is free, so that
/// a server's own statistics see few texts. Nothing of it is prepared. Errors: `refusal`, also when the session is
/// gone. Thread: its connection's.
class cursors {
public:
  explicit cursors(PGconn* session) noexcept : session_(session) {}

  /// Declares it and fetches its first rows.
  [[nodiscard]] result_ptr open(const std::string& sql, const text_parameters& parameters,
                                const sql_steps& which);
  /// Fewer rows than wanted: there are no more, and it is closed.
  [[nodiscard]] result_ptr fetch(const sql_steps& which);
  void close(const sql_steps& which);

  /// The transaction has ended, and they with it.
  void forget() noexcept { holders_.clear(); }

private:
  [[nodiscard]] std::size_t place_of(std::uint64_t cursor) const noexcept;
  [[nodiscard]] result_ptr fetch(std::size_t place, std::size_t rows);
  result_ptr run(const std::string& sql, const text_parameters& parameters = {});

  PGconn* session_;
  std::vector<std::uint64_t> holders_; // of each name the cursor that has it; 0: none
};

} // namespace troupe::storage::postgres
