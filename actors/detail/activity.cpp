#include "actors/detail/activity.hpp"

#include <mutex>
#include <set>

namespace troupe::detail {

const std::string* intern(std::string_view text) {
  static std::mutex guard;
  static auto& known = *new std::set<std::string, std::less<>>; // outlives every thread
  const std::lock_guard locked{guard};
  auto found = known.find(text);
  if (found == known.end())
    found = known.emplace(text).first;
  return &*found;
}

} // namespace troupe::detail
