#pragma once

#include <optional>
#include <string_view>

namespace troupe::storage {

/// What a BEGIN asks for in the words of the SQL standard. Levels are left out: each backend has its own way.
struct begin_mode {
  bool read_only = false;
};

/// Of BEGIN, with or without ISOLATION LEVEL ..., READ ONLY and READ WRITE; none for other statements, and for
/// modes that only one database knows (BEGIN EXCLUSIVE).
[[nodiscard]] std::optional<begin_mode> mode_of_begin(std::string_view sql);

[[nodiscard]] inline bool begins_read_only(std::string_view sql) {
  const auto mode = mode_of_begin(sql);
  return mode && mode->read_only;
}

} // namespace troupe::storage
