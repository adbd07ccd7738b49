#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace troupe::test {

/// A folder of its own, removed with all that is in it at the end.
class temp_directory {
public:
  temp_directory();
  temp_directory(const temp_directory&) = delete;
  temp_directory& operator=(const temp_directory&) = delete;
  ~temp_directory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Writes a file into it and returns the file's path.
  std::filesystem::path write(std::string_view name, std::string_view content) const;

private:
  std::filesystem::path path_;
};

/// The whole content of a file; empty when there is none.
std::string read_file(const std::filesystem::path& file);

} // namespace troupe::test
