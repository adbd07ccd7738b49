#include "storage/postgres/copy_in.hpp"

#include "storage/postgres/libpq.hpp"
#include "storage/postgres/values.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace troupe::storage::postgres {

namespace {

/// One message of the protocol.
constexpr std::size_t most_at_once = 1U << 30U;

void append_copy_field(std::string& out, std::string_view text) {
  for (const auto c : text) {
    switch (c) {
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: out += c;
    }
  }
}

/// From the server's "COPY item, line 3, column id: ..."; 0: it does not say.
std::size_t line_of(const PGresult* failed) {
  const auto* told = PQresultErrorField(failed, PG_DIAG_CONTEXT);
  const std::string_view context = told != nullptr ? told : "";
  constexpr std::string_view before = ", line ";
  const auto at = context.find(before);
  std::size_t out = 0;
  if (at != std::string_view::npos)
    std::from_chars(context.data() + at + before.size(), context.data() + context.size(), out);
  return out;
}

std::string place_in(const sql_statement& rows, const PGresult* failed) {
  const auto first = rows.steps.rows + 1;
  const auto count = rows.parameters.size() / rows.steps.columns;
  if (const auto line = line_of(failed); line > 0 && line <= count)
    return ", in row " + std::to_string(rows.steps.rows + line);
  return ", in rows " + std::to_string(first) + " to " + std::to_string(rows.steps.rows + count);
}

} // namespace

std::string to_copy_text(const std::vector<sql_value>& values, std::size_t columns) {
  const encoded_parameters encoded{values};
  const auto& texts = encoded.texts();
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i] == nullptr)
      out += "\\N";
    else
      append_copy_field(out, texts[i]);
    out += (i + 1) % columns == 0 ? '\n' : '\t';
  }
  return out;
}

std::int64_t copy_in(PGconn* session, const sql_statement& rows) {
  const auto text = to_copy_text(rows.parameters, rows.steps.columns);
  const result_ptr begun{PQexec(session, (rows.sql + " FROM STDIN").c_str())};
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN)
    throw refusal{begun.get()};
  bool sent = true;
  for (std::size_t at = 0; sent && at < text.size(); at += most_at_once)
    sent = PQputCopyData(session, text.data() + at, static_cast<int>(std::min(most_at_once, text.size() - at))) == 1;
  sent = sent && PQputCopyEnd(session, nullptr) == 1;
  // Not sent: the session is gone, and the result says so.
  result_ptr ended{PQgetResult(session)};
  while (const result_ptr rest{PQgetResult(session)})
    if (PQresultStatus(rest.get()) == PGRES_COPY_IN)
      break;
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK)
    throw refusal{ended.get(), place_in(rows, ended.get())};
  return std::strtoll(PQcmdTuples(ended.get()), nullptr, 10);
}

} // namespace troupe::storage::postgres
