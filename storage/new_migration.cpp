#include "storage/new_migration.hpp"

#include "storage/detail/migration_files.hpp"
#include "storage/migrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

namespace troupe::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t first_digits = 3;

[[noreturn]] void refuse(const fs::path& where, const std::error_code& why) {
  throw migration_error{fmt::format("migrations: {}: {}", where.string(), why.message())};
}

bool is_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '-';
  });
}

/// Of the files for all backends.
migration_name highest_in(const fs::path& folder) {
  migration_name out{0, first_digits, std::nullopt};
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator{folder, ec}) {
    const auto parsed = parse_migration_name(entry.path().filename().string());
    if (parsed && std::pair{parsed->version, parsed->digits} > std::pair{out.version, out.digits})
      out = *parsed;
  }
  if (ec)
    refuse(folder, ec);
  return out;
}

/// Fails when there is a file of that name.
void write_new(const fs::path& path, const std::string& text) {
  struct closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, closer> file{std::fopen(path.c_str(), "wxe")};
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size()
      || std::fflush(file.get()) != 0)
    refuse(path, {errno, std::generic_category()});
}

} // namespace

fs::path new_migration(const fs::path& folder, const std::string& name) {
  if (!is_name(name))
    throw migration_error{fmt::format("migration \"{}\": expected a name of the characters A-Z a-z "
                                      "0-9 _ -", name)};
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec)
    refuse(folder, ec);
  const auto highest = highest_in(folder);
  const auto file_name =
    fmt::format("{:0{}}_{}.sql", highest.version + 1, highest.digits, name);
  static_cast<void>(parse_migration_name(file_name)); // a number that is too long is not written
  const auto path = folder / file_name;
  write_new(path, fmt::format("-- {}: runs once, in one transaction; not to be changed once it is "
                              "applied\n", file_name));
  return path;
}

} // namespace troupe::storage
