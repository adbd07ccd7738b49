#include "actors/messages/header_list.hpp"

#include "actors/messages/frame_allocator.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace troupe {

namespace {

// Enough for the fields of most responses: a list that grew from nothing would move four times.
constexpr std::size_t first_fields = 4;
constexpr std::size_t first_bytes = 64;

constexpr std::size_t largest = std::numeric_limits<std::uint32_t>::max();

void copy(void* to, const void* from, std::size_t size) noexcept {
  if (size > 0)
    std::memcpy(to, from, size);
}

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

header_list::header_list(const header_list& other)
  : header_list(other.with_room(other.size_, other.text_size_)) {}

header_list::header_list(const parts& from) {
  if (from.entries.size() > largest || from.text.size() > largest)
    return;
  reserve(from.entries.size(), from.text.size());
  copy(entries_, from.entries.data(), from.entries.size() * sizeof(entry));
  copy(text(), from.text.data(), from.text.size());
  size_ = static_cast<std::uint32_t>(from.entries.size());
  text_size_ = static_cast<std::uint32_t>(from.text.size());
}

header_list::parts header_list::take_apart() const {
  return {{text(), text_size_}, {entries_, entries_ + size_}};
}

header_list::~header_list() {
  if (entries_ != nullptr)
    detail::free_frame(entries_, block_size());
}

/// A copy.
header_list header_list::with_room(std::size_t fields, std::size_t bytes) const {
  if (fields > largest || bytes > largest)
    throw std::length_error{"header fields with 4 GiB of text"};
  header_list out;
  if (fields + bytes == 0)
    return out;
  out.room_ = static_cast<std::uint32_t>(fields);
  out.text_room_ = static_cast<std::uint32_t>(bytes);
  out.entries_ = static_cast<entry*>(detail::allocate_frame(out.block_size()));
  copy(out.entries_, entries_, size_ * sizeof(entry));
  copy(out.text(), text(), text_size_);
  out.size_ = size_;
  out.text_size_ = text_size_;
  return out;
}

void header_list::reserve(std::size_t fields, std::size_t bytes) {
  if (fields > room_ || bytes > text_room_)
    *this = with_room(std::max<std::size_t>(fields, room_), std::max<std::size_t>(bytes, text_room_));
}

void header_list::add(std::string_view name, std::string_view value) {
  const auto needed = text_size_ + name.size() + value.size();
  header_list before; // what is added may be a part of it
  if (size_ == room_ || needed > text_room_) {
    const auto fields = size_ < room_ ? room_ : std::max(first_fields, std::size_t{room_} * 2);
    const auto bytes = needed <= text_room_ ? text_room_
                                            : std::max({first_bytes, needed, std::size_t{text_room_} * 2});
    before = with_room(fields, needed <= largest ? std::min(bytes, largest) : bytes);
    swap(before);
  }
  entries_[size_++] = {text_size_, static_cast<std::uint32_t>(name.size()),
                       static_cast<std::uint32_t>(value.size())};
  copy(text() + text_size_, name.data(), name.size());
  copy(text() + text_size_ + name.size(), value.data(), value.size());
  text_size_ = static_cast<std::uint32_t>(needed);
}

void header_list::set(std::string_view name, std::string_view value) {
  header_list kept; // what is set may be a part of what goes away
  for (std::size_t i = 0; i < size_; ++i)
    if (auto [key, old] = (*this)[i]; !equals_ignore_case(key, name))
      kept.add(key, old);
  kept.add(name, value);
  swap(kept);
}

std::optional<std::string_view> header_list::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < size_; ++i)
    if (auto [key, value] = (*this)[i]; equals_ignore_case(key, name))
      return value;
  return std::nullopt;
}

} // namespace troupe
