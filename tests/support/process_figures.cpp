#include "tests/support/process_figures.hpp"

#include "tests/support/sanitizer.hpp"

#include "tests/support/temp_directory.hpp"

#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace troupe::test {

process_figures figures_of(pid_t pid) {
  auto folder = "/proc/" + std::to_string(pid);
  auto stat = read_file(folder + "/stat");
  auto after_name = stat.rfind(')'); // the name itself may hold spaces and parentheses
  if (after_name == std::string::npos)
    throw std::runtime_error{"no process " + std::to_string(pid)};
  std::istringstream fields{stat.substr(after_name + 1)};
  std::string skipped;
  for (int field = 3; field < 14; ++field) // proc(5): utime is the 14th, stime the 15th
    fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  fields >> user >> system;

  std::istringstream memory{read_file(folder + "/statm")};
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  memory >> total_pages >> resident_pages;

  process_figures figures;
  figures.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  figures.cpu_time = std::chrono::milliseconds{(user + system) * 1000 / ::sysconf(_SC_CLK_TCK)};
  return figures;
}

std::uint64_t growth_of(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kept_by_sanitizer = built_with == sanitizer::address ? 512ULL * 1024 * 1024 : 0;
  return bytes + kept_by_sanitizer;
}

} // namespace troupe::test
