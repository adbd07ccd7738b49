#pragma once

#include <filesystem>
#include <string>

namespace troupe::storage {

/// Begins a migration: writes NNN_name.sql with the number after the highest in `folder`, as wide
/// as that one (001 in an empty folder), holding a comment. Makes the folder when it is not there,
/// and never overwrites a file. Returns the file's path.
///
/// Blocks. Throws migration_error: a `name` that is not one or more of A-Z a-z 0-9 _ -, a file in
/// the folder whose name has another shape, a number that would be too long, a folder or a file
/// that cannot be made.
std::filesystem::path new_migration(const std::filesystem::path& folder, const std::string& name);

} // namespace troupe::storage
