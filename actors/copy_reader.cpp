#include "actors/copy_reader.hpp"

#include <utility>

namespace troupe {

copy_reader::copy_reader(detail::host& owner, const detail::held_connection& on, sql_statement what)
  : pieces_(owner, on, std::move(what)) {
  pieces_.give_text(sql_steps::form::csv);
}

copy_reader copy_reader::with_header() && {
  pieces_.give_text(sql_steps::form::csv_with_header);
  return std::move(*this);
}

task<std::optional<std::string>> copy_reader::next() {
  return text_of(pieces_.next());
}

task<std::optional<std::string>> copy_reader::text_of(task<std::optional<rows>> piece) {
  const auto found = co_await std::move(piece);
  if (!found)
    co_return std::nullopt;
  co_return (*found)[0].get<std::string>("csv");
}

} // namespace troupe
