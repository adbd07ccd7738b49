#pragma once

#include "actors/messages/sql.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::storage::postgres {

/// Reads the texts that the server sends for a type, an object id of its catalogue. A type that is not
/// known here is text, and so are arrays of such types.
class type_reader {
public:
  explicit type_reader(std::uint32_t type) noexcept;

  [[nodiscard]] sql_value read(std::string_view text) const;

private:
  std::uint32_t scalar_; // of an array: its elements'
  bool is_array_;
};

} // namespace troupe::storage::postgres
