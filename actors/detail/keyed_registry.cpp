#include "actors/detail/keyed_registry.hpp"

#include "actors/detail/keyed_directory.hpp"

namespace troupe::detail {

keyed_registry& keyed_registry::of_program() {
  static keyed_registry only;
  return only;
}

void keyed_registry::add(std::shared_ptr<const keyed_kind> kind) {
  const auto name = kind->name;
  kinds_.emplace(name, std::move(kind));
}

void keyed_registry::add(const void* state, std::string_view message, serve how) {
  messages_.emplace(std::pair{state, std::string{message}}, how);
}

std::shared_ptr<const keyed_kind> keyed_registry::kind(const std::string& name) const {
  const auto found = kinds_.find(name);
  return found != kinds_.end() ? found->second : nullptr;
}

keyed_registry::serve keyed_registry::find(const void* state, const std::string& message) const {
  const auto found = messages_.find({state, message});
  return found != messages_.end() ? found->second : nullptr;
}

std::vector<std::string> keyed_registry::kinds() const {
  std::vector<std::string> out;
  for (const auto& [name, kind] : kinds_)
    out.push_back(name);
  return out;
}

} // namespace troupe::detail
