// SHA256_Init and its like are deprecated in favour of EVP_Digest, which sets up all of OpenSSL first: megabytes and
// milliseconds of every start, also of nodes that have no other use for it.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "storage/detail/migration_files.hpp"

#include "actors/detail/sql_arrays.hpp"
#include "storage/migrations.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string_view>
#include <system_error>

namespace troupe::storage {

namespace {

namespace fs = std::filesystem;

/// A checkout may have changed them.
std::string with_unix_line_ends(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n')
      out.push_back(text[i]);
  return out;
}

std::string read_text(const fs::path& path) {
  std::error_code ec;
  if (!fs::is_regular_file(path, ec))
    throw migration_error{fmt::format("migration {}: expected a file", path.string())};
  std::ifstream in{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in.good() && !in.eof())
    throw migration_error{fmt::format("migration {}: cannot be read", path.string())};
  if (const auto nul = text.find('\0'); nul != std::string::npos)
    throw migration_error{fmt::format("migration {}: has a NUL byte at {}, expected text",
                                      path.string(), nul)};
  return with_unix_line_ends(text);
}

/// The file names by version: the plain one, and the one for this backend alone.
struct candidates {
  std::string plain;
  std::string special;
};

void add(std::map<std::int64_t, candidates>& all, const migration_name& parsed, const std::string& name) {
  auto& place = parsed.only ? all[parsed.version].special : all[parsed.version].plain;
  if (!place.empty())
    throw migration_error{fmt::format("migrations \"{}\" and \"{}\" have the same number",
                                      std::min(place, name), std::max(place, name))};
  place = name;
}

} // namespace

std::optional<migration_name> parse_migration_name(const std::string& name) {
  static const std::regex shape{R"((\d{1,18})_[A-Za-z0-9_-]+(?:\.(sqlite|postgres))?\.sql)"};
  static const std::regex sql{R"(.*\.sql)", std::regex::icase};
  if (!std::regex_match(name, sql))
    return std::nullopt;
  std::smatch parts;
  if (!std::regex_match(name, parts, shape))
    throw migration_error{fmt::format("migration \"{}\": expected a name like 001_users.sql or "
                                      "001_users.postgres.sql", name)};
  const auto digits = static_cast<std::size_t>(parts[1].length());
  migration_name out{std::stoll(parts[1]), digits, std::nullopt};
  if (parts[2].matched)
    out.only = parts[2] == "sqlite" ? backend::sqlite : backend::postgres;
  return out;
}

std::string checksum_of(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_CTX state;
  if (SHA256_Init(&state) != 1 || SHA256_Update(&state, text.data(), text.size()) != 1
      || SHA256_Final(digest.data(), &state) != 1)
    throw migration_error{"SHA-256 is not available"};
  return troupe::detail::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::vector<migration_file> read_migrations(const fs::path& folder, backend kind) {
  std::map<std::int64_t, candidates> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator{folder, ec}) {
    const auto name = entry.path().filename().string();
    const auto parsed = parse_migration_name(name);
    if (parsed && (!parsed->only || parsed->only == kind))
      add(found, *parsed, name);
  }
  if (ec)
    throw migration_error{fmt::format("migrations folder {}: {}", folder.string(), ec.message())};
  std::vector<migration_file> out;
  for (const auto& [version, names] : found) {
    const auto& name = names.special.empty() ? names.plain : names.special;
    auto sql = read_text(folder / name);
    auto checksum = checksum_of(sql);
    out.push_back({version, name, std::move(sql), std::move(checksum)});
  }
  return out;
}

} // namespace troupe::storage
