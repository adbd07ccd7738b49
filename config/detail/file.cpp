#include "config/detail/file.hpp"

#include "config/detail/wording.hpp"
#include "config/error.hpp"

#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <system_error>

namespace troupe::config::detail {
namespace {

constexpr std::size_t largest_file = 1024 * 1024;
constexpr std::string_view expected_file = "a readable TOML file";

[[noreturn]] void fail(std::string_view place, const std::string& path, std::string_view problem) {
  throw config_error(place, fmt::format("{} ({})", in_quotes(path, longest_path), problem),
                     expected_file);
}

} // namespace

std::string read_file(std::string_view place, const std::string& path) {
  if (path.empty()) throw config_error(place, "an empty value", expected_file);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) fail(place, path, "a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(place, path, std::generic_category().message(errno == 0 ? EIO : errno));
  // One byte more than allowed shows that there is more; a pipe does not know its size beforehand.
  std::string content(largest_file + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) fail(place, path, "reading it failed");
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > largest_file) fail(place, path, "more than 1 MiB");
  return content;
}

} // namespace troupe::config::detail
