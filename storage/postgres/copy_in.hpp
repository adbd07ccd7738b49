#pragma once

#include "actors/messages/sql.hpp"

#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::storage::postgres {

/// Rows in the text format of COPY: `columns` values each, in the order of `values`.
[[nodiscard]] std::string to_copy_text(const std::vector<sql_value>& values, std::size_t columns);

/// Adds the rows to the table in a COPY of their own, and gives their number. Throws `refusal` with the row as its
/// place, counted from the first one of all; of what the server only notices at the end, the first and the last.
std::int64_t copy_in(PGconn* session, const sql_statement& rows);

} // namespace troupe::storage::postgres
