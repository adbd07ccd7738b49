#pragma once

#include "actors/messages/sql.hpp"
#include "config/settings.hpp"
#include "gateway/detail/field_scanner.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// Puts a chunked body together (RFC 9112, 7.1). Extensions are checked and ignored, the trailer is
/// checked and dropped; both together may be as large as a header section.
class chunked_decoder {
public:
  /// `limits` outlives the decoder.
  explicit chunked_decoder(const config::http_settings& limits)
    : limits_(limits), max_body_(limits.max_body_bytes) {}

  /// Another bound on the body's size than the settings have. REQUIRES: nothing was decoded.
  void limit_body(std::uint64_t bytes) noexcept { max_body_ = bytes; }

  /// Of the body, in bytes, as far as its chunks have begun.
  [[nodiscard]] std::uint64_t announced() const noexcept { return announced_; }

  /// Takes all bytes up to the end of the body, adds to `used` how many, and appends what they
  /// carry to `body`.
  scan_result decode(std::string_view bytes, std::size_t& used, std::string& body);

  /// REQUIRES: failed.
  [[nodiscard]] const failure& problem() const noexcept { return problem_; }

private:
  enum class place : std::uint8_t {
    size_begin,
    size,
    semicolon, // white space before one
    name_begin,
    name,
    equals_sign, // white space before one
    value_begin,
    value,
    quoted,
    escaped,
    quoted_end,
    line_end,
    data,
    data_cr,
    data_lf,
    trailer,
  };

  scan_result on_byte(char c);
  scan_result on_size(char c);
  scan_result on_extension(char c);
  scan_result begin_part(char c);
  scan_result on_line_end(char c);
  scan_result go_to(place next) noexcept;
  scan_result copy_data(std::string_view bytes, std::size_t& at, std::string& body);
  scan_result scan_trailer(std::string_view bytes, std::size_t& at);
  scan_result fail(std::string_view why);
  scan_result fail(errc code, std::string why);
  scan_result count(std::size_t bytes);

  const config::http_settings& limits_;
  std::uint64_t max_body_;
  std::uint64_t announced_ = 0;
  place place_ = place::size_begin;
  std::uint64_t left_ = 0;   // of the chunk whose size is, or has been, read
  std::size_t overhead_ = 0; // bytes of extensions, leading zeros, trailer
  field_scanner trailer_;
  failure problem_;
};

} // namespace troupe::gateway
