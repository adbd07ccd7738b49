#include "node/detail/text_table.hpp"

#include "config/detail/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace troupe::detail {

namespace {

/// Of C0, DEL and C1: an escape sequence begins with one of them.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  return first < 0x20 || first == 0x7f
         || (first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

std::string harmless(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = config::detail::character_length(text);
    const auto is_shown = length != 0 && !is_control(text);
    out += is_shown ? text.substr(0, length) : std::string_view{"?"};
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out.empty() ? "-" : out;
}

/// In characters; wide ones are not known as such.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
    text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

void text_table::add(std::vector<std::string> cells) {
  for (auto& each : cells)
    each = harmless(each);
  rows_.push_back(std::move(cells));
}

std::string text_table::text() const {
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (const auto& each : columns_) {
    titles.push_back(each.title);
    widths.push_back(each.title.size());
  }
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string gap(widths[i] - width_of(cells[i]), ' ');
      out += (i == 0 ? "" : "  ") + (columns_[i].right ? gap + cells[i] : cells[i] + gap);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out + '\n';
  };
  auto out = line(titles);
  for (const auto& row : rows_)
    out += line(row);
  return out;
}

std::string short_count(std::uint64_t count) {
  if (count < 10'000)
    return std::to_string(count);
  constexpr std::array units{'k', 'M', 'G', 'T', 'P', 'E'};
  auto rest = static_cast<double>(count) / 1000;
  std::size_t unit = 0;
  for (; rest >= 999.95; rest /= 1000)
    ++unit;
  return fmt::format("{:.1f}{}", rest, units.at(unit));
}

std::string short_time(std::chrono::milliseconds time) {
  using namespace std::chrono;
  if (time < 1s)
    return fmt::format("{}ms", time.count());
  if (time < 1min)
    return fmt::format("{}.{}s", time / 1s, time % 1s / 100ms);
  if (time < 1h)
    return fmt::format("{}m {:02}s", time / 1min, time % 1min / 1s);
  if (time < 24h)
    return fmt::format("{}h {:02}m", time / 1h, time % 1h / 1min);
  return fmt::format("{}d {:02}h", time / 24h, time % 24h / 1h);
}

} // namespace troupe::detail
