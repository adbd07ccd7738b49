#include "tests/storage/test_database.hpp"
#include "tests/support/temp_directory.hpp"

namespace troupe::storage::test {
namespace {

class sqlite_database final : public test_database {
public:
  config::storage_settings settings() const override { return in("test.db"); }
  config::storage_settings unreachable() const override { return in("no/such/folder/test.db"); }
  std::string exact_decimal() const override { return "DECIMAL_TEXT"; }
  std::string bytes() const override { return "BLOB"; }
  std::string endless() const override {
    return "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g) SELECT count(*) FROM g";
  }
  errc interrupted() const override { return errc::unavailable; }

private:
  config::storage_settings in(const std::string& name) const {
    config::storage_settings out;
    out.url = "sqlite:" + (folder_.path() / name).string();
    return out;
  }

  troupe::test::temp_directory folder_;
};

} // namespace

std::unique_ptr<test_database> make_test_database() {
  return std::make_unique<sqlite_database>();
}

} // namespace troupe::storage::test
