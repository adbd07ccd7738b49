#include "tests/support/postgres_database.hpp"

#include "tests/support/postgres_programs.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <unistd.h>

namespace troupe::test {

std::optional<std::string> postgres_server() {
  const char* url = std::getenv("TROUPE_TEST_POSTGRES");
  return url != nullptr && *url != '\0' ? std::optional<std::string>{url} : std::nullopt;
}

postgres_database::postgres_database() {
  static int count = 0;
  name_ = "troupe_e2e_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  url_ = with_database(*postgres_server(), name_);
  run_sql(*postgres_server(), "CREATE DATABASE " + name_);
}

postgres_database::~postgres_database() {
  try {
    run_sql(*postgres_server(), "DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The server may be gone; nothing depends on the drop.
  }
}

std::string with_database(const std::string& url, const std::string& name) {
  auto query = std::min(url.find('?'), url.size());
  auto path = std::min(url.find('/', url.find("://") + 3), query);
  return url.substr(0, path) + "/" + name + url.substr(query);
}

} // namespace troupe::test
