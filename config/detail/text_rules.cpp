#include "config/detail/text_rules.hpp"

#include "config/endpoint.hpp"
#include "config/network.hpp"
#include "config/settings.hpp"

#include <algorithm>
#include <array>

namespace troupe::config::detail {
namespace {

constexpr std::size_t longest_node_name = 64;
constexpr std::size_t longest_database_name = 32;
constexpr std::size_t longest_host = 253;
constexpr std::size_t shortest_token = 16;
constexpr std::size_t longest_token = 256;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
         || c == '_' || c == '-';
}

} // namespace

bool is_storage_url(std::string_view text) {
  constexpr std::array<std::string_view, 3> schemes{"sqlite:", "postgres://", "postgresql://"};
  return std::any_of(schemes.begin(), schemes.end(), [&](auto scheme) {
    return text.starts_with(scheme) && text.size() > scheme.size();
  });
}

bool is_in_memory(std::string_view url) {
  return url.starts_with("sqlite::memory:") || url.starts_with("sqlite://:memory:");
}

bool has_two_at_signs(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos || url.starts_with("sqlite:")) return false;
  const auto authority = url.substr(scheme + 3, url.find_first_of("/?", scheme + 3) - scheme - 3);
  return std::count(authority.begin(), authority.end(), '@') > 1;
}

bool is_node_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_node_name
         && std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_database_name(std::string_view text) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= longest_database_name && is_letter(text.front())
         && text != default_database && std::all_of(text.begin(), text.end(), [&](char c) {
              return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
            });
}

bool is_migration_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_name_character(c) && c != '.';
  });
}

bool is_certificate_name(std::string_view text) {
  return is_node_name(text) && text.front() != '.' && text.front() != '_' && text.front() != '-' && text != "ca";
}

bool is_host(std::string_view text) {
  if (parse_address(text)) return true;
  return !text.empty() && text.size() <= longest_host && text.front() != '-' && text.front() != '.'
         && std::all_of(text.begin(), text.end(), [](char c) { return is_name_character(c) && c != '_'; });
}

bool is_token(std::string_view text) {
  static constexpr std::string_view others = "~+/=";
  return text.size() >= shortest_token && text.size() <= longest_token
         && std::all_of(text.begin(), text.end(), [](char c) {
              return is_name_character(c) || others.find(c) != std::string_view::npos;
            });
}

bool is_origin(std::string_view text) {
  if (text == "*")
    return true;
  const auto scheme = text.find("://");
  return scheme != std::string_view::npos && scheme > 0 && text.size() > scheme + 3
         && text.find_first_of("/?#@ ", scheme + 3) == std::string_view::npos;
}

bool is_trace_export(std::string_view text) {
  if (text.find("://") == std::string_view::npos)
    return true;
  const auto receiver = trace_receiver(text);
  return receiver && receiver->port != 0;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

} // namespace troupe::config::detail
