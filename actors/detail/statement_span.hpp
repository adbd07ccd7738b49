#pragma once

#include "actors/detail/courier.hpp"
#include "actors/detail/node_services.hpp"
#include "actors/detail/span.hpp"
#include "actors/messages/sql.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace troupe::detail {

/// Null where the statement's trace is not sampled or spans are not recorded. Notes whether the database is to be told
/// of the trace. REQUIRES: it has one.
[[nodiscard]] std::unique_ptr<open_span> begin_statement_span(const node_services& node, std::string_view database,
                                                              sql_statement& what);

void end_statement_span(open_span& of, std::size_t rows);
void end_statement_span(open_span& of, const reply& what);

} // namespace troupe::detail
