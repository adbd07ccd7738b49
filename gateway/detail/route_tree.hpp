#pragma once

#include "actors/messages/http_method.hpp"
#include "actors/route_pattern.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::gateway {

/// The patterns of routes as a tree, a level for each segment.
///
/// A place is where the segments so far lead. The literals that may follow a place are found by
/// hash, in one table for the whole tree; of each kind of parameter at most one child follows. A
/// place fills one line of the processor's cache: a step costs the same in a tree of any size.
class route_tree {
public:
  using segment_kind = route_pattern::segment_kind;
  using place = std::uint32_t;

  static constexpr place none = 0;
  static constexpr place root = 1;

  /// Finds the place of a pattern, or makes it.
  place insert(const route_pattern& pattern);

  /// Where a literal, decoded, leads.
  [[nodiscard]] place literal(place from, std::string_view text) const noexcept;

  /// Where a parameter leads. REQUIRES: `kind` is no literal.
  [[nodiscard]] place parameter(place from, segment_kind kind) const noexcept {
    return nodes_[from].parameters[slot(kind)];
  }

  /// The routes that end at a place, by method: numbers that the user of the tree gives, 0 for
  /// none.
  using route_numbers = std::array<std::uint32_t, http_method_count>;
  [[nodiscard]] const route_numbers& routes(place at) const noexcept { return nodes_[at].routes; }
  [[nodiscard]] route_numbers& routes(place at) noexcept { return nodes_[at].routes; }

private:
  static constexpr std::size_t parameter_kinds = 5;

  struct alignas(64) node {
    place parent = none;
    bool has_literals = false;
    std::uint32_t text_begin = 0; // of a literal, in texts_
    std::uint32_t text_size = 0;
    std::array<place, parameter_kinds> parameters{};
    route_numbers routes{};
  };
  static_assert(sizeof(node) == 64);

  /// Of the hash table; open addressing, at most half of it in use.
  struct entry {
    std::uint32_t hash = 0;
    place child = none; // none: free
  };

  static constexpr std::size_t slot(segment_kind kind) noexcept {
    return static_cast<std::size_t>(kind) - 1;
  }

  [[nodiscard]] std::string_view text(const node& of) const noexcept {
    return std::string_view{texts_}.substr(of.text_begin, of.text_size);
  }
  place make(place parent);
  place make_literal(place parent, std::string_view text);
  void enter(place child) noexcept;

  std::vector<node> nodes_ = std::vector<node>(2); // none and root
  std::vector<entry> literals_ = std::vector<entry>(16);
  std::size_t literal_count_ = 0;
  std::string texts_;
};

} // namespace troupe::gateway
