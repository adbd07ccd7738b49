#pragma once

#include <string_view>

namespace troupe::detail {

/// The name of T as the compiler writes it, without its namespaces: for logs.
template <class T>
constexpr std::string_view type_name() noexcept {
  std::string_view text = __PRETTY_FUNCTION__; // "... [T = a::b]" or "... [with T = a::b; ...]"
  text.remove_prefix(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of(";]"));
  auto plain = text.substr(0, text.find('<'));
  if (auto colon = plain.rfind("::"); colon != std::string_view::npos)
    text.remove_prefix(colon + 2);
  return text;
}

} // namespace troupe::detail
