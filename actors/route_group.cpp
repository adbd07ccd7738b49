#include "actors/route_group.hpp"

#include "actors/service.hpp"

namespace troupe {

void route_group::insert(entry&& what) {
  if (!what.pattern.empty() && what.pattern.front() != '/') {
    problem("route pattern \"" + std::string{what.pattern} + "\": a pattern in the group "
              + prefix_ + " begins with / or is empty",
            what.place);
    return;
  }
  const auto whole = prefix_ + std::string{what.pattern};
  owner_.insert({what.method, whole, std::move(what.action), what.limit, what.place,
                 what.gives_way});
}

void route_group::enter(std::string_view prefix, const std::function<void(route_group&)>& fill,
                        std::source_location place) {
  owner_.enter_group(prefix_, prefix, fill, place);
}

void route_group::problem(const std::string& what, std::source_location place) {
  owner_.problem(what, place);
}

} // namespace troupe
