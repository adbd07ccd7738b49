#pragma once

#include "config/settings.hpp"
#include "storage/connection.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace troupe::storage::test {

/// An empty database for one test, and how its backend spells what SQL leaves open. Each executable
/// of the conformance suite links one implementation: sqlite_database.cpp or postgres_database.cpp.
class test_database {
public:
  virtual ~test_database() = default;

  [[nodiscard]] virtual config::storage_settings settings() const = 0;

  /// A database of the same kind that cannot be reached.
  [[nodiscard]] virtual config::storage_settings unreachable() const = 0;

  /// A column type that keeps every digit of a decimal number.
  [[nodiscard]] virtual std::string exact_decimal() const = 0;
  [[nodiscard]] virtual std::string bytes() const = 0;

  /// A statement that runs until it is interrupted.
  [[nodiscard]] virtual std::string endless() const = 0;

  /// What becomes of it then: a session with a server is cut, and the statement's outcome is not known.
  [[nodiscard]] virtual errc interrupted() const = 0;
};

/// Throws, so that the test fails, when the backend's server is not there.
std::unique_ptr<test_database> make_test_database();

/// The statement's parameters as sql_values: integers as int64, literals as text.
template <class... Values>
sql_statement statement(std::string sql, Values... values) {
  return {std::move(sql), {sql_value{std::move(values)}...}};
}

/// The code of the error that `what` throws; reports a test failure when it throws none.
template <class F>
errc code_of(F what) {
  try {
    what();
  } catch (const error& e) {
    return e.code();
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

} // namespace troupe::storage::test
