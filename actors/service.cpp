#include "actors/service.hpp"

#include "actors/detail/field_parameters.hpp"
#include "actors/detail/idempotent_handler.hpp"
#include "actors/messages/cluster.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

bool allowed_in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
         || c == '_' || c == '.';
}

std::string route_key(http_method method, const route_pattern& pattern) {
  return std::string{to_string(method)} + " " + pattern.shape();
}

/// "main.cpp:12".
std::string to_text(std::source_location place) {
  const std::string_view file = place.file_name();
  return std::string{file.substr(file.find_last_of("/\\") + 1)} + ":"
         + std::to_string(place.line());
}

} // namespace

service::service(std::string name, std::source_location place)
  : name_(std::move(name)), place_(place) {
  if (name_.empty() || name_.size() > 64
      || !std::all_of(name_.begin(), name_.end(), allowed_in_name))
    problem("a service's name is 1 to 64 letters, digits, '-', '_' or '.'", place);
}

void service::problem(const std::string& what, std::source_location place) {
  auto line = "service \"" + name_ + "\" (" + to_text(place) + "): " + what;
  if (problems_.empty() || problems_.back() != line) // one for all methods of a set
    problems_.push_back(std::move(line));
}

void service::insert(entry&& what) {
  if (!std::visit([](const auto& each) { return static_cast<bool>(each); }, what.action)) {
    problem("the handler of " + std::string{what.pattern} + " is empty", what.place);
    return;
  }
  try {
    route made{what.method, route_pattern{what.pattern}, std::move(what.action), what.limit.bytes,
               what.place,  what.gives_way};
    auto [known, is_first] =
      routes_by_key_.emplace(route_key(made.method, made.pattern), routes_.size());
    last_route_ = known->second;
    if (is_first || routes_[known->second].gives_way == made.gives_way) // the same twice: a conflict
      routes_.push_back(std::move(made));
    else if (!made.gives_way)
      routes_[known->second] = std::move(made);
  } catch (const std::invalid_argument& e) {
    problem(e.what(), what.place);
  }
}

void service::enter(std::string_view prefix, const std::function<void(route_group&)>& fill,
                    std::source_location place) {
  enter_group({}, prefix, fill, place);
}

void service::enter_group(const std::string& outer, std::string_view prefix,
                          const std::function<void(route_group&)>& fill,
                          std::source_location place) {
  if (prefix.size() < 2 || prefix.front() != '/' || prefix.back() == '/') {
    problem("route group \"" + std::string{prefix}
              + "\": a prefix begins with / and does not end with it",
            place);
    return;
  }
  route_group made{*this, outer + std::string{prefix}};
  fill(made);
}

service& service::singleton() {
  singleton_ = true;
  return *this;
}

service& service::max_in_work(std::size_t limit) {
  limit_ = limit;
  return *this;
}

/// Null: there is none, which is a problem.
service::route* service::last_route(const char* caller, std::source_location place) {
  if (!routes_.empty())
    return &routes_[last_route_];
  problem(std::string{caller} + " stands behind the route that it is for", place);
  return nullptr;
}

service& service::idempotent(std::source_location place) {
  if (auto* const last = last_route("idempotent()", place))
    last->idempotent = true;
  return *this;
}

service& service::idempotency_key(idempotency_options how, std::source_location place) {
  auto* const last = last_route("idempotency_key()", place);
  if (last == nullptr)
    return *this;
  auto* const plain = std::get_if<handler>(&last->action);
  if (plain == nullptr) {
    problem("idempotency_key() is for routes whose handlers take the whole body", place);
  } else if (is_safe(last->method)) {
    problem("idempotency_key() is for methods that change something, not for "
              + std::string{to_string(last->method)},
            place);
  } else if (how.keep <= std::chrono::seconds{0} || how.keep > detail::longest_kept) {
    problem("idempotency_key() keeps answers for 1 s to 10 years", place);
  } else if (last->keyed) {
    problem("idempotency_key() stands twice behind a route", place);
  } else {
    last->action = detail::with_recorded_answers(
      name_, std::string{to_string(last->method)} + ' ' + last->pattern.text(), std::move(how), std::move(*plain));
    last->keyed = last->idempotent = true;
  }
  return *this;
}

service& service::sticky(std::string parameter, std::source_location place) {
  auto* const last = last_route("sticky()", place);
  if (last == nullptr)
    return *this;
  std::uint32_t at = 0;
  for (const auto& each : last->pattern.segments()) {
    if (each.is_parameter() && each.text == parameter) {
      last->sticky = {stickiness::kind::parameter, at, {}};
      return *this;
    }
    at += each.is_parameter() ? 1 : 0;
  }
  problem("sticky(): " + last->pattern.text() + " has no parameter {" + parameter + "}", place);
  return *this;
}

service& service::sticky(header field, std::source_location place) {
  auto* const last = last_route("sticky()", place);
  if (last != nullptr && !detail::is_token(field.name))
    problem("sticky(): \"" + field.name + "\" is no name of a header field", place);
  else if (last != nullptr)
    last->sticky = {stickiness::kind::field, 0, std::move(field.name)};
  return *this;
}

service& service::hedge_after(std::chrono::milliseconds wait, std::source_location place) {
  auto* const last = last_route("hedge_after()", place);
  if (last == nullptr)
    return *this;
  if (!is_safe(last->method) || last->kind() != route_kind::whole)
    problem("hedge_after() is for requests that ask for no change, and for no WebSockets", place);
  else if (wait < std::chrono::milliseconds{1} || wait > std::chrono::seconds{10})
    problem("hedge_after() waits 1 ms to 10 s", place);
  else
    last->hedge_after = wait;
  return *this;
}

service_announcement service::announcement() const {
  service_announcement out{name_, singleton_, {}};
  for (const auto& each : routes_)
    out.routes.push_back({each.method, each.pattern.text(), each.kind(), each.max_body, each.idempotent,
                          each.sticky, each.hedge_after});
  return out;
}

namespace {

/// A route and the service that has it.
struct claim {
  const service* owner;
  const service::route* what;
};

std::string in_words(const claim& each) {
  return each.what->pattern.text() + " of service \"" + each.owner->name() + "\" ("
         + to_text(each.what->place) + ")";
}

void check_names(const std::vector<service>& services, std::vector<std::string>& problems) {
  std::unordered_map<std::string_view, const service*> owners;
  for (const auto& each : services) {
    auto [known, is_first] = owners.emplace(each.name(), &each);
    if (!is_first)
      problems.push_back("two services are named \"" + each.name() + "\" ("
                         + to_text(known->second->place()) + " and " + to_text(each.place())
                         + ")");
  }
}

void check_routes(const std::vector<service>& services, std::vector<std::string>& problems) {
  std::unordered_map<std::string, claim> owners;
  std::string told;
  for (const auto& each : services)
    for (const auto& route : each.routes()) {
      const claim made{&each, &route};
      const auto [known, is_first] = owners.emplace(route_key(route.method, route.pattern), made);
      if (is_first)
        continue;
      const auto first = in_words(known->second), second = in_words(made);
      const std::string method{to_string(route.method)};
      if (std::exchange(told, first + second) != first + second) // one line for a set of methods
        problems.push_back("route " + method + " " + first + " and " + method + " " + second
                           + " match the same requests");
    }
}

} // namespace

std::vector<std::string> check_services(const std::vector<service>& services) {
  std::vector<std::string> out;
  for (const auto& each : services)
    out.insert(out.end(), each.problems().begin(), each.problems().end());
  check_names(services, out);
  check_routes(services, out);
  return out;
}

} // namespace troupe
