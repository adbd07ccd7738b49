#include "config/detail/wording.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace troupe::config::detail {
namespace {

// Levenshtein's distance, a row at a time.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const auto replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

} // namespace

std::string on_one_line(std::string_view text, std::size_t limit) {
  std::string result;
  for (const char c : text.substr(0, limit)) {
    const auto code = static_cast<unsigned char>(c);
    if (code < ' ' || code == 0x7f)
      result += fmt::format("\\x{:02x}", code);
    else
      result += c;
  }
  if (text.size() > limit) result += "...";
  return result;
}

std::string in_quotes(std::string_view text, std::size_t limit) {
  return text.empty() ? "an empty value" : '"' + on_one_line(text, limit) + '"';
}

std::string suggestion(std::string_view unknown, const std::vector<std::string>& known) {
  constexpr std::size_t longest_name = 100; // bounds the work; no setting is called so
  if (known.empty() || unknown.size() > longest_name) return {};
  const auto nearest = std::min_element(known.begin(), known.end(), [&](auto& a, auto& b) {
    return distance(unknown, a) < distance(unknown, b);
  });
  const auto allowed = std::max<std::size_t>(2, unknown.size() / 4);
  if (distance(unknown, *nearest) > allowed) return {};
  return fmt::format(", did you mean {}?", *nearest);
}

std::string any_of_them(const std::vector<std::string>& names) {
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) result += i + 1 == names.size() ? " or " : ", ";
    result += names[i];
  }
  return result;
}

} // namespace troupe::config::detail
