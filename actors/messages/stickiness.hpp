#pragma once

#include <cstdint>
#include <string>

namespace troupe {

/// By what requests of a route keep to a node: those for which it is the same go to the same one.
struct stickiness {
  enum class kind : std::uint8_t {
    none = 0,      ///< any node will do
    parameter = 1, ///< a parameter of the path
    field = 2,     ///< a header field
  };
  kind by = kind::none;
  /// Which one of the pattern's parameters, from 0: nodes may call it by different names.
  std::uint32_t parameter = 0;
  /// The field's name, as HTTP compares them.
  std::string field{};

  friend bool operator==(const stickiness&, const stickiness&) = default;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, stickiness& x) {
    return f(x.by, x.parameter, x.field);
  }
};

} // namespace troupe
