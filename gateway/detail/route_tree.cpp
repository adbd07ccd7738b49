#include "gateway/detail/route_tree.hpp"

#include "actors/messages/request.hpp"

#include <functional>
#include <utility>

namespace troupe::gateway {

namespace {

std::uint32_t hash_of(route_tree::place parent, std::string_view text) noexcept {
  const std::uint64_t mixed = std::hash<std::string_view>{}(text) ^ (parent * 0x9E3779B97F4A7C15u);
  return static_cast<std::uint32_t>(mixed ^ (mixed >> 32));
}

} // namespace

route_tree::place route_tree::insert(const route_pattern& pattern) {
  auto at = root;
  for (const auto& segment : pattern.segments()) {
    if (segment.is_parameter()) {
      auto next = parameter(at, segment.kind);
      if (next == none) {
        next = make(at);
        nodes_[at].parameters[slot(segment.kind)] = next;
      }
      at = next;
    } else {
      const auto text = percent_decode(segment.text, false).value_or(segment.text);
      const auto next = literal(at, text);
      at = next != none ? next : make_literal(at, text);
    }
  }
  return at;
}

route_tree::place route_tree::literal(place from, std::string_view text) const noexcept {
  if (!nodes_[from].has_literals)
    return none;
  const auto hash = hash_of(from, text);
  const auto mask = literals_.size() - 1;
  for (auto i = hash & mask; literals_[i].child != none; i = (i + 1) & mask) {
    if (literals_[i].hash != hash)
      continue;
    const auto& found = nodes_[literals_[i].child];
    if (found.parent == from && this->text(found) == text)
      return literals_[i].child;
  }
  return none;
}

route_tree::place route_tree::make(place parent) {
  nodes_.emplace_back().parent = parent;
  return static_cast<place>(nodes_.size() - 1);
}

route_tree::place route_tree::make_literal(place parent, std::string_view text) {
  const auto made = make(parent);
  nodes_[parent].has_literals = true;
  nodes_[made].text_begin = static_cast<std::uint32_t>(texts_.size());
  nodes_[made].text_size = static_cast<std::uint32_t>(text.size());
  texts_ += text;
  if (++literal_count_ * 2 > literals_.size()) {
    const auto old = std::exchange(literals_, std::vector<entry>(literals_.size() * 2));
    for (const auto& each : old)
      if (each.child != none)
        enter(each.child);
  }
  enter(made);
  return made;
}

void route_tree::enter(place child) noexcept {
  const auto hash = hash_of(nodes_[child].parent, text(nodes_[child]));
  const auto mask = literals_.size() - 1;
  auto i = hash & mask;
  while (literals_[i].child != none)
    i = (i + 1) & mask;
  literals_[i] = {hash, child};
}

} // namespace troupe::gateway
