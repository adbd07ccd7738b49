#pragma once

#include "actors/detail/file_descriptor.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

/// Opening files for clients: nothing outside of a folder, nothing but regular files.
namespace troupe::detail {

struct open_options {
  /// Whether components may begin with a dot.
  bool hidden = false;
  /// Goes component by component although the kernel could do it: for tests.
  bool walk = false;
};

struct opened_file {
  enum class outcome {
    ok,
    directory, ///< it exists and is a directory
    not_found, ///< also: refused, no regular file, out of the folder, a name that no file can have
    failed,    ///< it may exist: `error` says why it cannot be read, for the log
  };

  outcome result = outcome::not_found;
  /// Of `failed`: the errno, such as EACCES or EMFILE.
  int error = 0;

  // Of `ok`, as they were when it was opened.
  file_descriptor file;
  std::uint64_t size = 0;
  std::int64_t modified = 0; ///< seconds since 1970
  std::uint32_t modified_nanoseconds = 0;
  std::uint64_t inode = 0;
};

/// Opens a regular file for reading, beneath `directory`, a descriptor that stays the caller's.
///
/// `path` is relative and decoded: components between single slashes, none of them empty, "." or
/// "..", none with a NUL; the empty path is the directory itself. Symbolic links are followed as
/// long as they lead to something beneath `directory` (Linux 5.6; elsewhere none is followed), and
/// may lead to hidden files: whoever made them has decided so. What others rename or replace
/// meanwhile never leads out. Does not wait for the other end of a fifo. Blocks as long as the file
/// system does: not for an event loop.
opened_file open_beneath(int directory, std::string_view path, const open_options& options = {});

/// The same for a path that the author names, which may be absolute and lead anywhere.
opened_file open_named(const std::filesystem::path& path);

/// A strong ETag of inode, size and time of modification, with its quotes:
/// "\"2f-400-17a5c1e0b2d4f6a8\"". Copies of a file on several machines have different ones.
/// REQUIRES: `ok`.
std::string entity_tag_of(const opened_file& what);

} // namespace troupe::detail
