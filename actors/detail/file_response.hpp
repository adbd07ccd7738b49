#pragma once

#include "actors/detail/safe_open.hpp"
#include "actors/files.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace troupe::detail {

/// A file that is answered with, from one errand of the blocking pool.
struct ready_file {
  opened_file file;
  /// All of it, when it was read at once.
  std::optional<std::string> content;
};

/// What a response says of a file, apart from what the file itself tells.
struct file_fields {
  std::string name;          ///< without folders: for Content-Type and Content-Disposition
  std::string cache_control; ///< empty: no such field
  bool download = false;
};

/// A body of up to so many bytes is read at once, and not sent as a stream.
inline constexpr std::size_t whole_file_bytes = 64 * 1024;

/// A GET without conditions and ranges: the whole file will be the answer.
bool wants_whole(const request& req) noexcept;

/// Reads the content of a file that is small and was opened, if `read`. Blocks.
ready_file read_small(ready_file what, bool read);

/// What is to be said to clients that ask again; `entry`: a page that names other files.
std::string cache_control(const file_options& how, bool entry);

/// Throws error{not_found} for what is no regular file, error{forbidden} for what may not be read,
/// after a line in the log; std::system_error when it cannot be opened for other reasons.
void check_opened(const opened_file& what, const std::filesystem::path& path);

/// Evaluates conditions and ranges, and makes the response. REQUIRES: the file is open.
task<response> file_response(context& ctx, const request& req, ready_file what, file_fields fields);

} // namespace troupe::detail
