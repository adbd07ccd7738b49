#pragma once

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
/// Each byte is looked at once, however the bytes are cut.
///
/// Stricter than Beast, which joins folded lines.
class field_scanner {
public:
  /// Looks at bytes[at, ...) and moves `at` behind what it has looked at.
  scan_result scan(std::string_view bytes, std::size_t& at) noexcept;

  /// REQUIRES: failed.
  [[nodiscard]] std::string_view problem() const noexcept { return problem_; }

private:
  enum class place : std::uint8_t { line_start, name, value, line_end, last_line_end };

  scan_result fail(std::string_view why) noexcept;
  static std::string_view fault_in_name(char c) noexcept;

  place place_ = place::line_start;
  std::string_view problem_;
};

} // namespace troupe::gateway
