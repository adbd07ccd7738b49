#pragma once

#include "actors/route_methods.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// Routes of a service whose patterns begin alike: see route_methods::group. Of use only within the
/// function that it is given to.
class route_group : public route_methods<route_group> {
public:
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

private:
  friend class route_methods<route_group>;
  friend class service;

  route_group(service& owner, std::string prefix) : owner_(owner), prefix_(std::move(prefix)) {}

  void insert(entry&& what);
  void enter(std::string_view prefix, const std::function<void(route_group&)>& fill,
             std::source_location place);
  void problem(const std::string& what, std::source_location place);

  service& owner_;
  std::string prefix_;
};

} // namespace troupe
