#pragma once

#include <optional>
#include <string>

namespace troupe::test {

/// The URL of the server for tests, TROUPE_TEST_POSTGRES; none where there is no server.
std::optional<std::string> postgres_server();

/// A new, empty database of its own on that server, dropped at the end.
class postgres_database {
public:
  /// REQUIRES: postgres_server().
  postgres_database();
  postgres_database(const postgres_database&) = delete;
  postgres_database& operator=(const postgres_database&) = delete;
  ~postgres_database();

  [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
  std::string name_;
  std::string url_;
};

/// `url` with another database name: "postgres://HOST/NAME?...".
std::string with_database(const std::string& url, const std::string& name);

} // namespace troupe::test
