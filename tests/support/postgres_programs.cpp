#include "tests/support/postgres_programs.hpp"

#include "tests/support/child_process.hpp"

#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace troupe::test {

std::optional<std::filesystem::path> postgres_programs() {
  if (const char* folder = std::getenv("TROUPE_TEST_PG_BIN"))
    return folder;
  std::optional<std::filesystem::path> newest;
  int newest_version = 0;
  std::error_code none;
  for (const auto& version : std::filesystem::directory_iterator{"/usr/lib/postgresql", none}) {
    auto number = std::atoi(version.path().filename().c_str());
    auto folder = version.path() / "bin";
    if (number > newest_version && std::filesystem::exists(folder / "initdb")) {
      newest = folder;
      newest_version = number;
    }
  }
  return newest;
}

std::string run_sql(const std::string& url, const std::string& sql) {
  auto folder = postgres_programs();
  auto program = folder ? (*folder / "psql").string() : "psql";
  auto result = run_to_end({program,
                            {"--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "-v",
                             "ON_ERROR_STOP=1", "-c", sql, url},
                            {},
                            {}},
                           program_limit);
  if (result.status != exit_status{})
    throw std::runtime_error{"psql: " + sql + ": " + result.err};
  return result.out;
}

} // namespace troupe::test
