#pragma once

#include "tests/storage/test_database.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::storage::test {

/// Cases that put values into a table and take them out again.
class with_values : public ::testing::Test {
protected:
  sql_result run(const std::string& sql, std::vector<sql_value> parameters = {}) {
    return connection_->execute({sql, std::move(parameters)});
  }

  /// With one row, and the column "v".
  void make_table(const std::string& type) {
    table_ = "t" + std::to_string(++tables_); // a new name: no statement knows the types of the last one
    run("CREATE TABLE " + table_ + " (v " + type + ")");
    run("INSERT INTO " + table_ + " VALUES (NULL)");
  }

  std::unique_ptr<test_database> database_ = make_test_database();
  std::unique_ptr<connection> connection_ = connect(database_->settings());
  std::string table_;
  int tables_ = 0;
};

} // namespace troupe::storage::test
