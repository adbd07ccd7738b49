#include "config/secrets.hpp"

#include <algorithm>
#include <array>

namespace troupe::config {
namespace {

constexpr std::string_view mask = "****";
constexpr auto none = std::string_view::npos;

// A URL whose authority ends before the query and whose '@' comes later has no user part: that '@'
// belongs to a parameter, as in //host:5432/db?user=me@tenant.
bool at_sign_is_in_query(std::string_view rest, std::size_t colon, std::size_t at) {
  const auto slash = rest.find('/');
  const auto query = rest.find('?');
  if (slash == none || query == none || slash > query || query > at) return false;
  return colon > slash
         || rest.substr(colon + 1, slash - colon - 1).find_first_not_of("0123456789") == none;
}

// The password of //USER:PASSWORD@: from the first colon to the last '@' of what is not query. A
// password with an unescaped '@', '/' or '?' is a mistake, but must not show for it.
std::string mask_user_part(std::string_view text) {
  if (text.starts_with("sqlite:")) return std::string(text);
  const auto scheme = text.find("://");
  const auto start = scheme == none ? 0 : scheme + 3;
  const auto rest = text.substr(start);
  const auto first_at = rest.find('@');
  const auto colon = rest.find(':');
  if (first_at == none || colon == none || colon > first_at) return std::string(text);
  if (at_sign_is_in_query(rest, colon, first_at)) return std::string(text);
  const auto query = rest.find('?', first_at);
  const auto last_at = rest.substr(0, query).rfind('@');
  return std::string(text.substr(0, start + colon + 1)).append(mask).append(rest.substr(last_at));
}

bool names_a_secret(std::string_view key) {
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::array<std::string_view, 5> words{"pass", "pwd", "secret", "token", "key"};
  // A percent sign hides letters ("pass%77ord"); an honest parameter name needs none.
  return lower.find('%') != none || std::any_of(words.begin(), words.end(), [&](auto word) {
           return lower.find(word) != none;
         });
}

} // namespace

std::string mask_secrets(std::string_view text) {
  auto result = mask_user_part(text);
  auto start = result.find('?');
  while (start != none && start < result.size()) {
    const auto end = std::min(result.find_first_of("&;", start + 1), result.size());
    const auto equals = result.find('=', start + 1);
    if (equals < end
        && names_a_secret(std::string_view(result).substr(start + 1, equals - start - 1))) {
      result.replace(equals + 1, end - equals - 1, mask);
      start = equals + 1 + mask.size();
    } else {
      start = end;
    }
  }
  return result;
}

} // namespace troupe::config
