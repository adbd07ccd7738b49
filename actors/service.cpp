#include "actors/service.hpp"

#include "actors/messages/cluster.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace troupe {

namespace {

bool allowed_in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
         || c == '_' || c == '.';
}

std::string route_key(http_method method, const route_pattern& pattern) {
  return std::string{to_string(method)} + " " + pattern.shape();
}

} // namespace

service::service(std::string name) : name_(std::move(name)) {
  if (name_.empty() || name_.size() > 64
      || !std::all_of(name_.begin(), name_.end(), allowed_in_name))
    throw std::invalid_argument("service name \"" + name_
                                + "\": 1 to 64 letters, digits, '-', '_' or '.' are expected");
}

service& service::get(std::string_view pattern, handler handle) {
  return add(http_method::get, pattern, std::move(handle));
}

service& service::post(std::string_view pattern, handler handle) {
  return add(http_method::post, pattern, std::move(handle));
}

service& service::put(std::string_view pattern, handler handle) {
  return add(http_method::put, pattern, std::move(handle));
}

service& service::patch(std::string_view pattern, handler handle) {
  return add(http_method::patch, pattern, std::move(handle));
}

service& service::delete_(std::string_view pattern, handler handle) {
  return add(http_method::delete_, pattern, std::move(handle));
}

service& service::add(http_method method, std::string_view pattern, handler handle) {
  if (!handle)
    throw std::invalid_argument("service \"" + name_ + "\": the handler of "
                                + std::string{to_string(method)} + " " + std::string{pattern}
                                + " is empty");
  routes_.push_back({method, route_pattern{pattern}, std::move(handle)});
  return *this;
}

service& service::singleton() {
  singleton_ = true;
  return *this;
}

service& service::max_in_work(std::size_t limit) {
  limit_ = limit;
  return *this;
}

service_announcement service::announcement() const {
  service_announcement out{name_, singleton_, {}};
  for (const auto& each : routes_)
    out.routes.push_back({each.method, each.pattern.text()});
  return out;
}

void check_services(const std::vector<service>& services) {
  std::map<std::string, const service*> owners;
  for (const auto& each : services) {
    auto twins = std::count_if(services.begin(), services.end(), [&](const service& other) {
      return other.name() == each.name();
    });
    if (twins > 1)
      throw std::invalid_argument("two services are named \"" + each.name() + "\"");
    for (const auto& route : each.routes()) {
      auto key = route_key(route.method, route.pattern);
      auto [found, is_new] = owners.emplace(key, &each);
      if (!is_new)
        throw std::invalid_argument("route " + key + " is claimed by service \""
                                    + found->second->name() + "\" and by service \"" + each.name()
                                    + "\"");
    }
  }
}

} // namespace troupe
