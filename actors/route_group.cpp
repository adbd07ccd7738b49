#include "actors/route_group.hpp"

#include "actors/service.hpp"

namespace troupe {

void route_group::insert(http_method method, std::string_view pattern, handler handle,
                         std::source_location place, bool gives_way) {
  if (!pattern.empty() && pattern.front() != '/')
    owner_.problem("route pattern \"" + std::string{pattern} + "\": a pattern in the group "
                     + prefix_ + " begins with / or is empty",
                   place);
  else
    owner_.insert(method, prefix_ + std::string{pattern}, std::move(handle), place, gives_way);
}

void route_group::enter(std::string_view prefix, const std::function<void(route_group&)>& fill,
                        std::source_location place) {
  owner_.enter_group(prefix_, prefix, fill, place);
}

} // namespace troupe
