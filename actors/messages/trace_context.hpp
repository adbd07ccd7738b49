#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe {

/// The fields of a request that say which trace it belongs to (W3C Trace Context).
inline constexpr std::string_view traceparent_field = "traceparent";
inline constexpr std::string_view tracestate_field = "tracestate";

/// A place in a trace: what a `traceparent` field says, valid to the letter.
class trace_context {
public:
  /// Nothing unless it is well-formed: of version 00, or of a later one that begins as that does; the ids in lower
  /// case and not all 0. Of the flags only the one that says `sampled` is kept.
  [[nodiscard]] static std::optional<trace_context> parse(std::string_view traceparent) noexcept;

  /// A new trace, with ids by chance.
  [[nodiscard]] static trace_context begin(bool sampled);

  /// The place of a new span below this one, with an id by chance.
  [[nodiscard]] trace_context below() const;

  /// 32 hexadecimal digits.
  [[nodiscard]] std::string_view trace_id() const noexcept { return part(3, 32); }
  /// The span that what is sent with this belongs to, 16 hexadecimal digits.
  [[nodiscard]] std::string_view parent_id() const noexcept { return part(36, 16); }
  [[nodiscard]] bool sampled() const noexcept { return text_.back() == '1'; }

  /// The value of the field for a call to somebody else: 55 characters, all of them 0-9, a-f or '-'.
  [[nodiscard]] std::string_view traceparent() const noexcept { return part(0, text_.size()); }

  friend bool operator==(const trace_context&, const trace_context&) = default;

private:
  static constexpr std::size_t size = 55;

  trace_context() noexcept = default;
  [[nodiscard]] std::string_view part(std::size_t at, std::size_t length) const noexcept {
    return {text_.data() + at, length};
  }

  std::array<char, size> text_{};
};

} // namespace troupe
