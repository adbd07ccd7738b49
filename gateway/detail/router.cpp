#include "gateway/detail/router.hpp"

#include "actors/route_pattern.hpp"

#include <algorithm>

namespace troupe::gateway {

namespace {

std::size_t slot(http_method method) noexcept {
  return static_cast<std::size_t>(method);
}

std::vector<std::string> parameter_names(const route_announcement& route) {
  const route_pattern pattern{route.pattern};
  std::vector<std::string> out;
  for (const auto& segment : pattern.segments())
    if (segment.is_parameter)
      out.push_back(segment.text);
  return out;
}

} // namespace

/// The request's segments, decoded, and the values of the parameters on the way taken.
struct router::walk {
  std::vector<std::string> segments;
  std::vector<std::size_t> parameters; // places in `segments`
};

bool router::tree_node::has_routes() const noexcept {
  return std::any_of(routes.begin(), routes.end(), [](const auto& each) { return each != nullptr; });
}

router::router(const cluster_view& view) {
  for (std::size_t i = 0; i < view.nodes.size(); ++i)
    add(view, i);
  for (const auto& service : view.departed)
    for (const auto& route : service.routes)
      insert(service, route); // does nothing where a live service has the route by now
}

void router::add(const cluster_view& view, std::size_t node_index) {
  const auto& services = view.nodes[node_index].services;
  for (std::size_t s = 0; s < services.size(); ++s)
    for (std::uint32_t r = 0; r < services[s].routes.size(); ++r) {
      auto* entry = insert(services[s], services[s].routes[r]);
      if (entry == nullptr)
        continue;
      // The home of a singleton is the first node that has it: the local one, else the oldest.
      if (!entry->singleton || entry->candidates.empty())
        entry->candidates.push_back({node_index, s, r, parameter_names(services[s].routes[r])});
    }
}

route_entry* router::insert(const service_announcement& service, const route_announcement& route) {
  route_pattern pattern{route.pattern};
  auto* at = &root_;
  bool literal = true;
  for (const auto& segment : pattern.segments()) {
    auto& next = segment.is_parameter
                   ? at->parameter
                   : at->literals[percent_decode(segment.text, false).value_or(segment.text)];
    if (!next)
      next = std::make_unique<tree_node>();
    literal = literal && !segment.is_parameter;
    at = next.get();
  }
  if (literal)
    literal_paths_[pattern.text()] = at;
  auto& entry = at->routes[slot(route.method)];
  if (!entry) {
    entry = std::make_unique<route_entry>();
    entry->service = service.name;
    entry->name = std::string{to_string(route.method)} + ' ' + route.pattern;
    entry->singleton = service.singleton;
  }
  return entry->service == service.name ? entry.get() : nullptr;
}

const router::tree_node* router::descend(const tree_node& from, walk& state, std::size_t depth) {
  if (depth == state.segments.size())
    return from.has_routes() ? &from : nullptr;
  if (auto literal = from.literals.find(state.segments[depth]); literal != from.literals.end())
    if (const auto* found = descend(*literal->second, state, depth + 1))
      return found;
  if (!from.parameter || state.segments[depth].empty())
    return nullptr;
  state.parameters.push_back(depth);
  if (const auto* found = descend(*from.parameter, state, depth + 1))
    return found;
  state.parameters.pop_back();
  return nullptr;
}

namespace {

/// Splits the path and decodes each segment; false when it is malformed.
bool split(std::string_view path, std::vector<std::string>& segments) {
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  while (true) {
    auto raw = path.substr(0, path.find('/'));
    if (raw.find('%') == std::string_view::npos) {
      segments.emplace_back(raw);
    } else {
      auto decoded = percent_decode(raw, false);
      if (!decoded || decoded->find('\0') != std::string::npos)
        return false;
      segments.push_back(std::move(*decoded));
    }
    if (raw.size() == path.size())
      return true;
    path.remove_prefix(raw.size() + 1);
  }
}

std::string allowed_methods(const std::array<std::unique_ptr<route_entry>, http_method_count>& at) {
  std::string out;
  auto append = [&](http_method method) {
    out.append(out.empty() ? "" : ", ").append(to_string(method));
  };
  for (std::size_t i = 0; i < at.size(); ++i) {
    auto method = static_cast<http_method>(i);
    auto implied = (method == http_method::head && at[slot(http_method::get)])
                   || method == http_method::options;
    if (at[i] || implied)
      append(method);
  }
  return out;
}

} // namespace

const router::tree_node* router::locate(const request& what, walk& state, bool& malformed) const {
  if (auto known = literal_paths_.find(what.path()); known != literal_paths_.end())
    return known->second;
  malformed = !split(what.path(), state.segments);
  return malformed ? nullptr : descend(root_, state, 0);
}

route_match router::find(request& what) const {
  walk state;
  route_match out;
  if (what.target == "*")
    return out; // OPTIONS *: the server, no route
  const auto* at = locate(what, state, out.malformed);
  if (at == nullptr)
    return out;
  const auto* entry = at->routes[slot(what.method)].get();
  if (entry == nullptr && what.method == http_method::head)
    entry = at->routes[slot(http_method::get)].get();
  if (entry == nullptr)
    return {nullptr, allowed_methods(at->routes), false};
  what.parameters.clear();
  for (auto place : state.parameters)
    what.parameters.emplace_back(std::string{}, std::move(state.segments[place]));
  return {entry, {}, false};
}

} // namespace troupe::gateway
