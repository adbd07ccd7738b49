#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A route's path, made of segments:
///
///     /users            literals
///     /users/{id}       a parameter: any one segment that is not empty
///     /users/{id:int}   a typed one: '-' or nothing, then digits; fits std::int64_t
///     /pages/{n:uint}   digits; fits std::uint64_t
///     /orders/{id:uuid} 8-4-4-4-12 hexadecimal digits, in either case
///     /files/{path...}  all that is left, at the end only: "/files/a/b" gives "a/b", "/files/"
///                       gives "", "/files" does not match
///
/// Names of parameters are letters, digits, '_' and '-'. Types and literals are compared with what
/// the request's path says after percent-decoding.
class route_pattern {
public:
  /// What a segment matches, the most specific first: of two patterns that match a path, the one
  /// whose first different segment has the lower kind is preferred.
  enum class segment_kind : std::uint8_t { literal, unsigned_integer, integer, uuid, text, rest };

  struct segment {
    std::string text; // the literal, or the parameter's name
    segment_kind kind = segment_kind::literal;

    [[nodiscard]] bool is_parameter() const noexcept { return kind != segment_kind::literal; }
  };

  static constexpr std::size_t max_segments = 64;

  /// Throws std::invalid_argument with one line that says what is wrong with the pattern.
  explicit route_pattern(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::vector<segment>& segments() const& noexcept { return segments_; }
  const std::vector<segment>& segments() const&& = delete; // would dangle

  /// The pattern without the parameters' names and with its literals spelled in one way,
  /// "/users/{:int}": two routes with the same shape and method would match the same requests.
  [[nodiscard]] std::string shape() const;

private:
  std::string text_;
  std::vector<segment> segments_;
};

/// Whether a parameter of this kind takes the segment, which is decoded.
/// REQUIRES: `kind` is a parameter of one segment.
[[nodiscard]] bool matches(route_pattern::segment_kind kind, std::string_view text) noexcept;

} // namespace troupe
