#include "gateway/detail/websocket_extensions.hpp"

#include "actors/messages/header_list.hpp"
#include "gateway/detail/characters.hpp"

#include <algorithm>

namespace troupe::gateway {

namespace {

// A window of 4 KiB: some 24 KiB for a connection that compresses, a tenth of zlib's default. The client's
// is its own affair: 32 KiB once it sends anything compressed.
constexpr int most_server_bits = 12;
// What may be said. Deflate makes one of 9 bits of a window of 8, so that is one that we cannot promise.
constexpr int fewest_bits = 8, most_bits = 15;

/// Takes what stands before the next `separator` that is not between quotes off the front.
std::string_view take_member(std::string_view& list, char separator) noexcept {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < list.size() && (quoted || list[at] != separator); ++at) {
    if (list[at] == '"')
      quoted = !quoted;
    else if (quoted && list[at] == '\\')
      ++at;
  }
  at = std::min(at, list.size());
  const auto member = list.substr(0, at);
  list.remove_prefix(std::min(list.size(), at + 1));
  return without_blanks(member);
}

/// 0 when it is no number of bits.
int read_bits(std::string_view value) noexcept {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  if (value.empty() || value.size() > 2 || value.front() == '0' || !std::ranges::all_of(value, is_digit))
    return 0;
  int bits = 0;
  for (const char c : value)
    bits = 10 * bits + (c - '0');
  return bits >= fewest_bits && bits <= most_bits ? bits : 0;
}

/// An offer, parameter by parameter; any that is unknown, stands there twice or has no valid value
/// declines it.
class offer_reader {
public:
  bool add(std::string_view parameter) {
    const auto end = parameter.find('=');
    const auto name = without_blanks(parameter.substr(0, end));
    const bool has_value = end != std::string_view::npos;
    const auto value = has_value ? without_blanks(parameter.substr(end + 1)) : std::string_view{};
    if (equals_ignore_case(name, "server_no_context_takeover"))
      return !has_value && !std::exchange(terms_.server_forgets, true);
    if (equals_ignore_case(name, "client_no_context_takeover"))
      return !has_value && !std::exchange(terms_.client_forgets, true);
    if (equals_ignore_case(name, "server_max_window_bits")) {
      const auto bits = read_bits(value);
      terms_.server_bits = std::min(bits, most_server_bits);
      return bits > fewest_bits && !std::exchange(has_server_bits_, true);
    }
    if (equals_ignore_case(name, "client_max_window_bits")) {
      terms_.client_bits = read_bits(value); // without a value: it would follow, and need not
      return (!has_value || terms_.client_bits > 0) && !std::exchange(has_client_bits_, true);
    }
    return false;
  }

  [[nodiscard]] deflate_terms terms() const {
    auto out = terms_;
    if (!has_server_bits_)
      out.server_bits = most_server_bits;
    return out;
  }

private:
  deflate_terms terms_;
  bool has_server_bits_ = false;
  bool has_client_bits_ = false;
};

std::optional<deflate_terms> read_offer(std::string_view text) {
  if (!equals_ignore_case(take_member(text, ';'), "permessage-deflate"))
    return std::nullopt;
  offer_reader out;
  while (!text.empty())
    if (!out.add(take_member(text, ';')))
      return std::nullopt;
  return out.terms();
}

} // namespace

std::optional<deflate_terms> agree_on_deflate(std::string_view offers) {
  while (!offers.empty())
    if (const auto terms = read_offer(take_member(offers, ',')))
      return terms;
  return std::nullopt;
}

std::string to_field(const deflate_terms& terms) {
  std::string out{"permessage-deflate"};
  if (terms.server_forgets)
    out += "; server_no_context_takeover";
  if (terms.client_forgets)
    out += "; client_no_context_takeover";
  out += "; server_max_window_bits=" + std::to_string(terms.server_bits);
  if (terms.client_bits > 0)
    out += "; client_max_window_bits=" + std::to_string(terms.client_bits);
  return out;
}

} // namespace troupe::gateway
