#include "tests/storage/test_database.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/postgres_database.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

namespace troupe::storage::test {
namespace {

/// A schema of its own in one database for the whole program: a database for each test would take
/// most of the time.
class postgres_database final : public test_database {
public:
  postgres_database() {
    static const troupe::test::postgres_database shared;
    static int schemas = 0;
    const auto schema = "test_" + std::to_string(++schemas);
    config::storage_settings whole;
    whole.url = shared.url();
    connect(whole)->execute({"CREATE SCHEMA " + schema, {}});
    url_ = shared.url() + (shared.url().find('?') == std::string::npos ? '?' : '&')
           + "options=-csearch_path%3D" + schema;
  }

  config::storage_settings settings() const override {
    config::storage_settings out;
    out.acquire_timeout = std::chrono::seconds{60}; // connecting takes its time on a machine that is held up
    out.url = url_;
    return out;
  }
  config::storage_settings unreachable() const override {
    config::storage_settings out;
    out.url = "postgres://troupe@127.0.0.1:" + std::to_string(troupe::test::free_port()) + "/none";
    return out;
  }
  std::string exact_decimal() const override { return "NUMERIC"; }
  std::string bytes() const override { return "BYTEA"; }
  std::string endless() const override { return "SELECT pg_sleep(3600)"; }
  errc interrupted() const override { return errc::outcome_unknown; }

private:
  std::string url_;
};

} // namespace

std::unique_ptr<test_database> make_test_database() {
  if (!troupe::test::postgres_server())
    throw std::runtime_error{"TROUPE_TEST_POSTGRES is not set: this test needs the URL of a "
                             "PostgreSQL server (scripts/with-postgres starts one)"};
  return std::make_unique<postgres_database>();
}

} // namespace troupe::storage::test
