#include "actors/detail/idempotency_key.hpp"

#include "actors/detail/openssl.hpp"
#include "actors/detail/sql_arrays.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace troupe::detail {

namespace {

constexpr std::string_view field_name = "Idempotency-Key";
constexpr std::size_t longest_key = 255;

[[noreturn]] void refuse(const char* why) {
  throw error{errc::invalid_argument, std::string{field_name} + ' ' + why};
}

/// None: it is no string of RFC 8941 alone.
std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.back() != '"')
    return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"')
      return std::nullopt;
    if (text[at] == '\\' && (++at == text.size() || (text[at] != '"' && text[at] != '\\')))
      return std::nullopt;
    out += text[at];
  }
  return out;
}

std::string_view only_field(const header_list& all) {
  std::optional<std::string_view> out;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (const auto [name, value] = all[i]; equals_ignore_case(name, field_name)) {
      if (out)
        refuse("stands there more than once");
      out = value;
    }
  if (!out)
    refuse("is missing: the route takes requests with a key alone, made by the client, another one for each");
  return *out;
}

struct digest_context : std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>> {
  digest_context() : unique_ptr(EVP_MD_CTX_new()) {
    if (get() == nullptr || EVP_DigestInit_ex(get(), EVP_sha256(), nullptr) != 1)
      throw std::runtime_error{"SHA-256: " + openssl_problem()};
  }
  void add(std::string_view text) {
    if (EVP_DigestUpdate(get(), text.data(), text.size()) != 1)
      throw std::runtime_error{"SHA-256: " + openssl_problem()};
  }
};

} // namespace

std::string idempotency_key_of(const request& what) {
  const auto text = only_field(what.headers);
  auto key = text.starts_with('"') ? unquoted(text) : std::string{text};
  if (!key)
    refuse("begins with a quote and is no quoted string");
  if (key->empty())
    refuse("is empty");
  if (key->size() > longest_key)
    refuse("is longer than 255 characters");
  if (!std::all_of(key->begin(), key->end(), [](char c) { return c >= ' ' && c <= '~'; }))
    refuse("has characters that are not printable ASCII");
  return *std::move(key);
}

std::string fingerprint_of(const request& what) {
  digest_context digest;
  // No target has a line feed.
  digest.add(to_string(what.method));
  digest.add(" ");
  digest.add(what.target);
  digest.add("\n");
  digest.add(what.body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(digest.get(), bytes.data(), &size) != 1)
    throw std::runtime_error{"SHA-256: " + openssl_problem()};
  return to_hex({reinterpret_cast<const char*>(bytes.data()), size});
}

} // namespace troupe::detail
