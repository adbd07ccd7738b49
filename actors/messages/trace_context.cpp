#include "actors/messages/trace_context.hpp"

#include <algorithm>
#include <random>

namespace troupe {

namespace {

constexpr std::size_t trace_id_at = 3;
constexpr std::size_t parent_id_at = 36;
constexpr std::size_t flags_at = 53;
constexpr std::size_t trace_id_digits = 32;
constexpr std::size_t parent_id_digits = 16;

bool is_lower_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool are_lower_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_lower_hex);
}

bool is_id(std::string_view text) noexcept {
  return are_lower_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

std::uint64_t number_by_chance() {
  thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64{seed};
  }()};
  for (;;)
    if (const auto number = random(); number != 0)
      return number;
}

/// 16 digits.
void write_digits(char* to, std::uint64_t number) noexcept {
  for (int shift = 60; shift >= 0; shift -= 4)
    *to++ = "0123456789abcdef"[(number >> shift) & 0xf];
}

} // namespace

std::optional<trace_context> trace_context::parse(std::string_view traceparent) noexcept {
  if (traceparent.size() < size)
    return std::nullopt;
  const auto version = traceparent.substr(0, 2);
  const bool has_more = traceparent.size() > size;
  if (!are_lower_hex(version) || version == "ff" || (has_more && (version == "00" || traceparent[size] != '-')))
    return std::nullopt;
  const auto flags = traceparent.substr(flags_at, 2);
  if (traceparent[trace_id_at - 1] != '-' || traceparent[parent_id_at - 1] != '-' || traceparent[flags_at - 1] != '-'
      || !is_id(traceparent.substr(trace_id_at, trace_id_digits))
      || !is_id(traceparent.substr(parent_id_at, parent_id_digits)) || !are_lower_hex(flags))
    return std::nullopt;
  trace_context out;
  std::copy_n(traceparent.begin(), size, out.text_.begin());
  const bool is_sampled = std::string_view{"13579bdf"}.find(flags[1]) != std::string_view::npos;
  out.text_[0] = out.text_[1] = out.text_[flags_at] = '0';
  out.text_[flags_at + 1] = is_sampled ? '1' : '0';
  return out;
}

trace_context trace_context::begin(bool sampled) {
  trace_context out;
  constexpr std::string_view form = "00-00000000000000000000000000000000-0000000000000000-00";
  static_assert(form.size() == size);
  std::copy(form.begin(), form.end(), out.text_.begin());
  write_digits(out.text_.data() + trace_id_at, number_by_chance());
  write_digits(out.text_.data() + trace_id_at + trace_id_digits / 2, number_by_chance());
  write_digits(out.text_.data() + parent_id_at, number_by_chance());
  out.text_.back() = sampled ? '1' : '0';
  return out;
}

trace_context trace_context::below() const {
  auto out = *this;
  write_digits(out.text_.data() + parent_id_at, number_by_chance());
  return out;
}

} // namespace troupe
