#pragma once

#include "actors/detail/file_descriptor.hpp"

#include <filesystem>
#include <string_view>

namespace troupe::detail {

/// A file that is being written; its end removes it, unless it is kept. All of it blocks. Any
/// thread, one at a time.
class new_file {
public:
  /// Made for its owner only (0600). error{conflict} when there is something of that name,
  /// std::system_error when it cannot be made.
  explicit new_file(std::filesystem::path path);
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;
  ~new_file();

  /// Throws std::system_error.
  void write(std::string_view bytes);

  /// Closes it. Throws std::system_error when the file system tells only now that it was not
  /// written.
  void keep();

private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  file_descriptor file_;
  bool kept_ = false;
};

} // namespace troupe::detail
