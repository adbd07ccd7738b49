#pragma once

#include "actors/messages/sql.hpp"
#include "config/settings.hpp"
#include "gateway/detail/field_scanner.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// Checks the bytes of a request's head against RFC 9112 and the limits, each byte once and however
/// they are cut, so that an error shows at the same byte in all cases. Says where the parts of the
/// request line are; `take_field` finds those of the fields, which have been counted.
class head_scanner {
public:
  /// What is complete and in order; one after the other.
  enum class part {
    none,         ///< need more bytes
    request_line, ///< the first `size()` bytes are the request line
    fields,       ///< the first `size()` bytes are the fields and the empty line: the head's end
    failed,       ///< `problem()` says why
  };

  /// `limits` outlives the scanner.
  explicit head_scanner(const config::http_settings& limits) : limits_(limits) {}

  /// Makes ready for the next head.
  void reset() noexcept;

  /// `bytes` begin with those of the part that is being read, and go on where they ended before.
  part scan(std::string_view bytes);

  /// Of the part that is being read, or has just been.
  [[nodiscard]] std::size_t size() const noexcept { return at_; }
  /// No byte has been seen.
  [[nodiscard]] bool untouched() const noexcept { return at_ == 0 && place_ == place::method; }
  /// That `line`, the request line, begins with; empty while it is being read.
  [[nodiscard]] std::string_view method(std::string_view line) const noexcept {
    return line.substr(0, method_size_);
  }
  /// REQUIRES: `line` is the request line, which has been read.
  [[nodiscard]] std::string_view target(std::string_view line) const noexcept {
    return line.substr(method_size_ + 1, version_at_ - method_size_ - 2);
  }
  /// REQUIRES: the request line has been read. 10 for HTTP/1.0, 11 for HTTP/1.1, up to 19.
  [[nodiscard]] int version() const noexcept { return version_; }
  /// How many have begun.
  [[nodiscard]] std::size_t fields() const noexcept { return fields_.fields(); }
  /// REQUIRES: failed.
  [[nodiscard]] const failure& problem() const noexcept { return problem_; }

private:
  enum class place : std::uint8_t { method, target, version, line_end, line_done, fields };

  part scan_line(std::string_view bytes);
  part scan_fields(std::string_view bytes);
  // These go on to the next place, or to the end of the bytes, which may be reached; or fail.
  void scan_method(std::string_view bytes);
  void scan_target(std::string_view bytes);
  void scan_version(std::string_view bytes);
  void scan_line_end(std::string_view bytes);
  void fail(errc code, std::string detail);

  const config::http_settings& limits_;
  place place_ = place::method;
  bool failed_ = false;
  int version_ = 0;
  std::size_t at_ = 0; // bytes looked at, of the part
  std::size_t method_size_ = 0;
  std::size_t version_at_ = 0;
  field_scanner fields_;
  failure problem_;
};

} // namespace troupe::gateway
