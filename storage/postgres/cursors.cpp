#include "storage/postgres/cursors.hpp"

#include <algorithm>

namespace troupe::storage::postgres {

namespace {

constexpr int texts_back = 0;

std::string cursor_name(std::size_t place) {
  return "troupe_cursor_" + std::to_string(place + 1);
}

} // namespace

result_ptr cursors::open(const std::string& sql, const text_parameters& parameters,
                         const sql_steps& which) {
  const auto place = place_of(0);
  if (place == holders_.size())
    holders_.push_back(0);
  run("DECLARE " + cursor_name(place) + " NO SCROLL CURSOR FOR " + sql, parameters);
  holders_[place] = which.cursor;
  return fetch(place, which.rows);
}

result_ptr cursors::fetch(const sql_steps& which) {
  return fetch(place_of(which.cursor), which.rows);
}

result_ptr cursors::fetch(std::size_t place, std::size_t rows) {
  auto out = run("FETCH " + std::to_string(rows) + " FROM " + cursor_name(place));
  if (static_cast<std::size_t>(PQntuples(out.get())) < rows) {
    run("CLOSE " + cursor_name(place));
    holders_[place] = 0;
  }
  return out;
}

void cursors::close(const sql_steps& which) {
  const auto place = place_of(which.cursor);
  if (place == holders_.size())
    return;
  // In a failed transaction nothing can be closed; the name stays taken, as a savepoint may bring the cursor back.
  if (PQtransactionStatus(session_) != PQTRANS_INTRANS)
    return;
  // Gone it may be with a savepoint, and to close it then would spoil the transaction.
  const auto name = cursor_name(place);
  if (PQntuples(run("SELECT FROM pg_catalog.pg_cursors WHERE name = '" + name + '\'').get()) > 0)
    run("CLOSE " + name);
  holders_[place] = 0;
}

std::size_t cursors::place_of(std::uint64_t cursor) const noexcept {
  return static_cast<std::size_t>(std::find(holders_.begin(), holders_.end(), cursor) - holders_.begin());
}

result_ptr cursors::run(const std::string& sql, const text_parameters& parameters) {
  result_ptr out{PQexecParams(session_, sql.c_str(), static_cast<int>(parameters.size()), nullptr,
                              parameters.data(), nullptr, nullptr, texts_back)};
  const auto status = PQresultStatus(out.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    throw refusal{out.get()};
  return out;
}

} // namespace troupe::storage::postgres
