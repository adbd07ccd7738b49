#pragma once

#include "actors/detail/struct_columns.hpp"
#include "actors/messages/sql.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::detail {

// JSON text of what a database gave, without a document in between. It says what `value_to_json` and a dump of that
// would, but for the order of columns, which is kept, and for json values, which stay as the database wrote them.

/// An object. REQUIRES: not has_repeated_names(from.columns).
void write_json_row(std::string& to, const sql_result& from, std::size_t row);

void write_json_struct(std::string& to, const struct_columns& what, const void* object);

/// `write(i)` writes one of so many elements.
template <class F>
void write_json_array(std::string& to, std::size_t count, F write) {
  to += '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0)
      to += ',';
    write(i);
  }
  to += ']';
}

/// With bytes that are not UTF-8 as U+FFFD.
[[nodiscard]] std::string dumped(const nlohmann::json& document);

/// Two columns have the same one: an object can have one of them only.
[[nodiscard]] bool has_repeated_names(const std::vector<std::string>& columns) noexcept;

} // namespace troupe::detail
