#include "gateway/detail/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace troupe::gateway {

namespace {

/// The fields of /proc/self/stat behind the name, which may itself have blanks and brackets: from the
/// third one, the state, on.
std::vector<std::string> stat_fields() {
  std::ifstream file{"/proc/self/stat"};
  std::string line;
  std::getline(file, line);
  std::istringstream rest{line.substr(std::min(line.rfind(')') + 1, line.size()))};
  std::vector<std::string> out;
  for (std::string field; rest >> field;)
    out.push_back(field);
  return out;
}

double boot_time() {
  std::ifstream file{"/proc/stat"};
  double seconds = 0;
  for (std::string word; file >> word && word != "btime";) {
  }
  file >> seconds;
  return seconds;
}

std::uint64_t count_open_fds() {
  std::error_code ignored;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator each{"/proc/self/fd", ignored}, end; each != end;
       each.increment(ignored))
    ++count;
  return count == 0 ? 0 : count - 1; // but for the one that reads the folder
}

/// The numbers of proc(5), which counts from 1.
std::uint64_t field(const std::vector<std::string>& of, std::size_t number) {
  return number - 3 < of.size() ? std::strtoull(of[number - 3].c_str(), nullptr, 10) : 0;
}

} // namespace

process_figures read_process_figures() {
  static const auto booted = boot_time();
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto stat = stat_fields();
  process_figures out;
  out.cpu = std::chrono::duration<double>{static_cast<double>(field(stat, 14) + field(stat, 15)) / ticks};
  out.start = std::chrono::duration<double>{booted + static_cast<double>(field(stat, 22)) / ticks};
  out.threads = field(stat, 20);
  out.virtual_bytes = field(stat, 23);
  out.resident_bytes = field(stat, 24) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  out.open_fds = count_open_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out.max_fds = limit.rlim_cur;
  return out;
}

} // namespace troupe::gateway
