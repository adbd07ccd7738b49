#pragma once

#include "actors/messages/sql.hpp"
#include "storage/postgres/detail/pqxx_compat.hpp"

#include <string>
#include <vector>

namespace troupe::storage::postgres {

/// Parameters as PostgreSQL reads them. The values given live as long as this.
class encoded_parameters {
public:
  explicit encoded_parameters(const std::vector<sql_value>& values);

  [[nodiscard]] const text_parameters& texts() const noexcept { return texts_; }

private:
  text_parameters texts_;
  std::vector<std::string> made_; // what is not in the values themselves; reserved, as they are referred to
};

/// All rows, typed by the columns' types; a type that is not known here comes as text.
[[nodiscard]] sql_result to_sql_result(const pqxx::result& from);
[[nodiscard]] sql_result to_sql_result(const PGresult* from);

} // namespace troupe::storage::postgres
