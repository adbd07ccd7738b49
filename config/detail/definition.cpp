#include "config/detail/definition.hpp"

#include <algorithm>

namespace troupe::config::detail {
namespace {

// Settings of the role itself carry no prefix: --threads, but --http-max-headers.
std::string name_of(const definition& what) {
  if (!what.name.empty()) return std::string(what.name);
  const bool is_of_role = what.section == "gateway" || what.section == "worker";
  auto name =
      is_of_role ? std::string(what.key) : std::string(what.section).append("-").append(what.key);
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '_' || c == '.'; }, '-');
  return name;
}

} // namespace

std::string flag_of(const definition& what) {
  return (what.form == flag_form::switch_false ? "--no-" : "--") + name_of(what);
}

std::string variable_of(const definition& what) {
  auto name = name_of(what);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  });
  return "TROUPE_" + name;
}

std::string key_of(const definition& what) {
  return std::string(what.section).append(".").append(what.key);
}

} // namespace troupe::config::detail
