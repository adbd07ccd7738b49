#pragma once

#include "gateway/detail/characters.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::gateway {

enum class scan_result {
  need_more, ///< all bytes have been looked at
  complete,  ///< what is scanned has ended
  failed,    ///< `problem()` says why
};

/// Checks field lines up to the empty line behind them: those of a head or a trailer (RFC 9112, 5).
/// Each byte is looked at once, however the bytes are cut. A line that is folded is a fault.
class field_scanner {
public:
  /// Looks at bytes[at, ...) and moves `at` behind what it has looked at.
  scan_result scan(std::string_view bytes, std::size_t& at) noexcept;

  /// How many have begun.
  [[nodiscard]] std::size_t fields() const noexcept { return fields_; }

  /// REQUIRES: failed.
  [[nodiscard]] std::string_view problem() const noexcept { return problem_; }

private:
  enum class place : std::uint8_t { line_start, name, value, line_end, last_line_end };

  scan_result fail(std::string_view why) noexcept;
  static std::string_view fault_in_name(char c) noexcept;

  place place_ = place::line_start;
  std::uint32_t fields_ = 0;
  std::string_view problem_;
};

/// Behind the characters from `at` on that a value may have.
[[nodiscard]] std::size_t skip_value(std::string_view bytes, std::size_t at) noexcept;

/// One field: its value is without the white space around it.
struct field_line {
  std::string_view name;
  std::string_view value;
};

/// Takes the first line off `lines`. REQUIRES: a field_scanner has passed them, and more than the
/// empty line is left: so there is a colon, and a CR behind it.
inline field_line take_field(std::string_view& lines) noexcept {
  const auto colon = lines.find(':');
  const std::string_view name{lines.data(), colon};
  lines.remove_prefix(colon + 1);
  const std::string_view value{lines.data(), lines.find('\r')};
  lines.remove_prefix(value.size() + 2);
  return {name, without_blanks(value)};
}

} // namespace troupe::gateway
