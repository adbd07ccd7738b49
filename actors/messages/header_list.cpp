#include "actors/messages/header_list.hpp"

#include <algorithm>

namespace troupe {

namespace {

// Enough for the fields of most responses: a list that grew from nothing would move four times.
constexpr std::size_t first_fields = 4;
constexpr std::size_t first_bytes = 64;

/// Of two characters that differ. The cases of a letter differ in this one bit.
bool is_other_case(char x, char y) noexcept {
  const auto low = x | 0x20;
  return (x ^ y) == 0x20 && low >= 'a' && low <= 'z';
}

} // namespace

bool equals_ignore_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size()
         && std::equal(a.begin(), a.end(), b.begin(),
                       [](char x, char y) { return x == y || is_other_case(x, y); });
}

void header_list::reserve(std::size_t fields, std::size_t bytes) {
  entries_.reserve(fields);
  text_.reserve(bytes);
}

void header_list::add(std::string_view name, std::string_view value) {
  if (entries_.capacity() == 0)
    reserve(first_fields, std::max(first_bytes, name.size() + value.size()));
  entries_.push_back({static_cast<std::uint32_t>(text_.size()),
                      static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  text_.append(name).append(value);
}

void header_list::set(std::string_view name, std::string_view value) {
  remove_if([&](std::string_view key) { return equals_ignore_case(key, name); });
  add(name, value);
}

std::optional<std::string_view> header_list::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (auto [key, value] = (*this)[i]; equals_ignore_case(key, name))
      return value;
  return std::nullopt;
}

std::pair<std::string_view, std::string_view> header_list::operator[](std::size_t i) const {
  // A list that came over the wire may be inconsistent: never read outside of the text.
  const auto& e = entries_[i];
  std::string_view text{text_};
  if (e.name_at > text.size() || e.name_size > text.size() - e.name_at
      || e.value_size > text.size() - e.name_at - e.name_size)
    return {};
  return {text.substr(e.name_at, e.name_size), text.substr(e.name_at + e.name_size, e.value_size)};
}

void header_list::clear() noexcept {
  text_.clear();
  entries_.clear();
}

} // namespace troupe
