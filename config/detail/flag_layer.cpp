#include "config/detail/layers.hpp"
#include "config/detail/values.hpp"
#include "config/error.hpp"

#include <fmt/format.h>

namespace troupe::config::detail {
namespace {

// A switch that is given says "true"; for the negative form that means the value false.
std::string_view meaning(const definition& what, std::string_view text) {
  if (what.form != flag_form::switch_false) return text;
  if (text == "true") return "false";
  return text == "false" ? "true" : text;
}

void apply_values(const setting& target, const std::string& flag,
                  const std::vector<std::string>& values) {
  if (values.size() > 1 && !is_list(target))
    throw config_error(flag, fmt::format("it {} times", values.size()), "it once");
  clear_list(target);
  for (const auto& value : values)
    if (!assign(target, meaning(*target.what, value)))
      throw config_error(flag, found(target, value), expected(target));
}

} // namespace

void apply_flags(layered_settings& settings, const flags& given) {
  for (const auto& target : settings.own) {
    const auto flag = flag_of(*target.what);
    const auto values = given.find(flag);
    if (values == given.end()) continue;
    apply_values(target, flag, values->second);
    settings.from[key_of(*target.what)] = {source::flag, flag};
  }
}

} // namespace troupe::config::detail
