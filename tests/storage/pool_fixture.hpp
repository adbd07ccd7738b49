#pragma once

#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

namespace troupe::storage::test {

/// Cases with an empty database, and pools on it whose callers may wait for long.
class on_a_pool : public ::testing::Test {
protected:
  [[nodiscard]] config::storage_settings with(unsigned max_connections) const {
    auto out = database_->settings();
    out.max_connections = max_connections;
    out.acquire_timeout = std::chrono::seconds{60};
    return out;
  }

  static sql_statement echo(std::int64_t value) {
    return statement("SELECT CAST($1 AS BIGINT)", value);
  }

  std::unique_ptr<test_database> database_ = make_test_database();
};

} // namespace troupe::storage::test
