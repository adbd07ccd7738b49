#include "gateway/detail/router.hpp"

#include <algorithm>
#include <bitset>

namespace troupe::gateway {

namespace {

std::size_t slot(http_method method) noexcept {
  return static_cast<std::size_t>(method);
}

std::vector<std::string> parameter_names(const route_announcement& route) {
  const route_pattern pattern{route.pattern};
  std::vector<std::string> out;
  for (const auto& segment : pattern.segments())
    if (segment.is_parameter())
      out.push_back(segment.text);
  return out;
}

/// What is waited for is kept so long.
constexpr std::chrono::milliseconds longest_hedge{10'000};

/// 0 is never.
std::chrono::milliseconds later(std::chrono::milliseconds a, std::chrono::milliseconds b) noexcept {
  constexpr std::chrono::milliseconds never{0};
  return a == never || b == never ? never : std::min(std::max(a, b), longest_hedge);
}

} // namespace

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
      if (!entry->singleton || entry->candidates.empty()) {
        const auto& route = services[s].routes[r];
        entry->candidates.push_back({node_index, s, r, parameter_names(route)});
        if (entry->kind != route.kind) // nodes of different versions of the service
          entry->kind = route_kind::whole;
        entry->max_body = std::min(entry->max_body, route.max_body);
        entry->idempotent = entry->idempotent && route.idempotent;
        if (entry->sticky != route.sticky)
          entry->sticky = {};
        entry->hedge_after = later(entry->hedge_after, route.hedge_after);
      }
    }
}

route_entry* router::insert(const service_announcement& service, const route_announcement& route) {
  const route_pattern pattern{route.pattern};
  const auto at = tree_.insert(pattern);
  if (std::none_of(pattern.segments().begin(), pattern.segments().end(),
                   [](const auto& each) { return each.is_parameter(); }))
    literal_paths_[pattern.text()] = at;
  auto& number = tree_.routes(at)[slot(route.method)];
  if (number == 0) {
    entries_.push_back({service.name, std::string{to_string(route.method)} + ' ' + route.pattern,
                        service.singleton, route.kind, route.max_body, route.idempotent,
                        route.sticky, route.hedge_after, {}, nullptr});
    number = static_cast<std::uint32_t>(entries_.size());
  }
  auto& entry = entries_[number - 1];
  return entry.service == service.name ? &entry : nullptr;
}

/// The route of the method that ends there, or for HEAD that of GET.
const route_entry* router::answer(route_tree::place at, http_method method) const noexcept {
  const auto& routes = tree_.routes(at);
  auto number = routes[slot(method)];
  if (number == 0 && method == http_method::head)
    number = routes[slot(http_method::get)];
  return number == 0 ? nullptr : &entries_[number - 1];
}

// -- a search ---------------------------------------------------------------------------------------

namespace {

using method_set = std::bitset<http_method_count>;

/// A request's path in segments, decoded. As many of them as a pattern can have are kept apart;
/// what follows is of interest to a `{rest...}` only.
class split_path {
public:
  static constexpr std::size_t kept = route_pattern::max_segments;

  /// False when the path is malformed.
  bool split(std::string_view path);

  [[nodiscard]] std::size_t count() const noexcept { return count_; } // also those not kept

  /// REQUIRES: at < count(), at < kept.
  [[nodiscard]] std::string_view segment(std::size_t at) const noexcept {
    return text_.substr(pieces_[at].begin, pieces_[at].size);
  }
  /// From this segment to the end, with '/' between segments.
  [[nodiscard]] std::string_view rest(std::size_t from) const noexcept {
    return text_.substr(pieces_[from].begin);
  }

private:
  struct piece {
    std::size_t begin, size;
  };

  void keep(std::size_t begin, std::size_t size) noexcept {
    if (count_ < kept)
      pieces_[count_] = {begin, size};
    ++count_;
  }

  std::string_view text_; // the path, or without_dots_, or decoded_
  std::string without_dots_;
  std::string decoded_;
  std::size_t count_ = 0;
  std::array<piece, kept> pieces_; // not initialised: most stay unused
};

/// 1 or 2 for a segment that stands for "." or "..", else 0.
int dots_of(std::string_view raw) noexcept {
  int dots = 0;
  while (!raw.empty()) {
    const bool escaped = raw.size() >= 3 && equals_ignore_case(raw.substr(0, 3), "%2e");
    if ((!escaped && raw.front() != '.') || ++dots > 2)
      return 0;
    raw.remove_prefix(escaped ? 3 : 1);
  }
  return dots;
}

/// Takes the dot segments out of a path without its first slash (RFC 3986, 5.2.4). False when one leads
/// above the root: the RFC would stay there, an attacker would not.
bool remove_dot_segments(std::string_view path, std::string& out) {
  std::vector<std::string_view> kept;
  for (bool last = false; !last;) {
    const auto raw = path.substr(0, path.find('/'));
    last = raw.size() == path.size();
    const auto dots = dots_of(raw);
    if (dots == 2) {
      if (kept.empty())
        return false;
      kept.pop_back();
    }
    if (dots == 0)
      kept.push_back(raw);
    else if (last) // "/a/." is "/a/"
      kept.emplace_back();
    if (!last)
      path.remove_prefix(raw.size() + 1);
  }
  for (const auto& each : kept)
    out.append(out.empty() && &each == kept.data() ? "" : "/").append(each);
  return true;
}

bool has_dot_segments(std::string_view path) noexcept {
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto raw = path.substr(begin, path.find('/', begin) - begin);
    if (dots_of(raw) > 0)
      return true;
    begin += raw.size() + 1;
  }
  return false;
}

bool split_path::split(std::string_view path) {
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  if (has_dot_segments(path)) {
    if (!remove_dot_segments(path, without_dots_))
      return false;
    path = without_dots_;
  }
  const bool escaped = path.find('%') != std::string_view::npos;
  text_ = path;
  if (escaped)
    decoded_.reserve(path.size() + 1);
  for (std::size_t begin = 0;;) {
    const auto raw = path.substr(begin, path.find('/', begin) - begin);
    if (escaped) {
      const auto decoded = percent_decode(raw, false);
      if (!decoded || decoded->find('\0') != std::string::npos)
        return false;
      keep(decoded_.size(), decoded->size());
      decoded_.append(*decoded).push_back('/');
    } else {
      keep(begin, raw.size());
    }
    if (begin + raw.size() == path.size())
      break;
    begin += raw.size() + 1;
  }
  if (escaped) {
    decoded_.pop_back();
    text_ = decoded_;
  }
  return true;
}

std::string in_words(const method_set& allowed) {
  std::string out;
  for (std::size_t i = 0; i < allowed.size(); ++i)
    if (allowed[i])
      out.append(out.empty() ? "" : ", ").append(to_string(static_cast<http_method>(i)));
  return out;
}

} // namespace

/// One search: the path, the way taken so far, and the methods of the routes that matched but have
/// another one.
class router::walk {
public:
  walk(const router& owner, http_method method) noexcept : owner_(owner), method_(method) {}

  /// False when the path is malformed.
  bool split(std::string_view path) { return path_.split(path); }

  const route_entry* descend(route_tree::place from, std::size_t depth);

  /// REQUIRES: descend() has found a route.
  void fill(std::vector<std::pair<std::string, std::string>>& parameters) const;

  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] std::uint32_t steps() const noexcept { return steps_; }

private:
  const route_entry* arrive(route_tree::place at);

  const router& owner_;
  http_method method_;
  std::uint32_t steps_ = 0;
  method_set seen_;
  std::bitset<split_path::kept> is_parameter_; // on the way taken
  std::size_t rest_from_ = split_path::kept;   // kept: no {rest...}
  split_path path_;
};

const route_entry* router::walk::arrive(route_tree::place at) {
  const auto* found = owner_.answer(at, method_);
  if (found == nullptr)
    for (std::size_t i = 0; i < http_method_count; ++i)
      seen_[i] = seen_[i] || owner_.tree_.routes(at)[i] != 0;
  return found;
}

const route_entry* router::walk::descend(route_tree::place from, std::size_t depth) {
  using enum route_pattern::segment_kind;
  const auto& tree = owner_.tree_;
  ++steps_;
  if (depth == path_.count())
    return arrive(from);
  if (depth == split_path::kept)
    return nullptr; // no pattern is longer
  const auto segment = path_.segment(depth);
  if (const auto next = tree.literal(from, segment); next != route_tree::none)
    if (const auto* found = descend(next, depth + 1))
      return found;
  is_parameter_.set(depth);
  for (const auto kind : {unsigned_integer, integer, uuid, text})
    if (const auto next = tree.parameter(from, kind);
        next != route_tree::none && matches(kind, segment))
      if (const auto* found = descend(next, depth + 1))
        return found;
  is_parameter_.reset(depth);
  const auto last = tree.parameter(from, rest);
  if (last == route_tree::none)
    return nullptr;
  ++steps_;
  const auto* found = arrive(last);
  if (found != nullptr)
    rest_from_ = depth;
  return found;
}

void router::walk::fill(std::vector<std::pair<std::string, std::string>>& parameters) const {
  const bool has_rest = rest_from_ != split_path::kept;
  parameters.reserve(is_parameter_.count() + (has_rest ? 1 : 0));
  for (std::size_t i = 0; i < std::min(path_.count(), split_path::kept); ++i)
    if (is_parameter_[i])
      parameters.emplace_back(std::string{}, path_.segment(i));
  if (has_rest)
    parameters.emplace_back(std::string{}, path_.rest(rest_from_));
}

std::string router::walk::allowed() const {
  if (seen_.none())
    return {};
  auto all = seen_;
  all.set(slot(http_method::options));
  all[slot(http_method::head)] = all[slot(http_method::head)] || all[slot(http_method::get)];
  return in_words(all);
}

route_match router::find(request& what) const {
  what.parameters.clear();
  if (what.target == "*")
    return {}; // OPTIONS *: the server, no route
  if (auto known = literal_paths_.find(what.path()); known != literal_paths_.end())
    if (const auto* entry = answer(known->second, what.method))
      return {entry, {}, false, 1};
  walk search{*this, what.method};
  if (!search.split(what.path()))
    return {nullptr, {}, true, 0};
  const auto* entry = search.descend(route_tree::root, 0);
  if (entry == nullptr)
    return {nullptr, search.allowed(), false, search.steps()};
  search.fill(what.parameters);
  return {entry, {}, false, search.steps()};
}

} // namespace troupe::gateway
