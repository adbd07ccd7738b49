#include "actors/detail/statement_span.hpp"

#include <algorithm>

namespace troupe::detail {

namespace {

constexpr std::size_t longest_verb = 32;

/// SELECT, INSERT, ...
std::string first_word(std::string_view sql) {
  constexpr std::string_view ends = " \t\r\n;(";
  sql.remove_prefix(std::min(sql.find_first_not_of(ends), sql.size()));
  return std::string{sql.substr(0, std::min(sql.find_first_of(ends), longest_verb))};
}

} // namespace

std::unique_ptr<open_span> begin_statement_span(const node_services& node, std::string_view database,
                                                sql_statement& what) {
  if (!what.trace->sampled())
    return nullptr;
  what.tells_trace = node.traces_in_sql;
  if (!node.spans)
    return nullptr;
  auto out = std::make_unique<open_span>(node.spans, *what.trace, span_kind::client, first_word(what.sql));
  out->set("db.query.text", what.sql);
  out->set("troupe.database", database);
  if (what.tells_trace) // which the server's own spans would be below
    what.trace = std::make_shared<const trace_context>(out->place());
  return out;
}

void end_statement_span(open_span& of, std::size_t rows) {
  of.set("db.response.returned_rows", static_cast<std::int64_t>(rows));
  of.succeed();
}

void end_statement_span(open_span& of, const reply& what) {
  if (const auto* why = std::get_if<failure>(&what))
    of.fail(std::string{to_string(why->code)});
  else if (const auto* result = std::get_if<sql_result>(&what))
    end_statement_span(of, result->columns.empty() ? static_cast<std::size_t>(result->affected_rows)
                                                   : result->row_count());
}

} // namespace troupe::detail
