#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// The fields of a request or response, in order, in one flat block of memory, which comes from the thread's
/// free lists: each request has two of them.
///
/// Names compare without regard to case. Views stay valid until the list changes. A list that was moved from
/// is empty.
class header_list {
public:
  header_list() noexcept = default;
  header_list(const header_list& other);
  header_list(header_list&& other) noexcept : header_list() { swap(other); }
  header_list& operator=(header_list other) noexcept {
    swap(other);
    return *this;
  }
  ~header_list();

  /// Makes room for that many fields with that many bytes of names and values, together.
  void reserve(std::size_t fields, std::size_t bytes);

  /// Appends; an existing field of that name stays (fields may repeat). Throws std::length_error where all
  /// text together would have 4 GiB.
  void add(std::string_view name, std::string_view value);

  /// Appends; fields of that name before go away.
  void set(std::string_view name, std::string_view value);

  /// The first field of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::pair<std::string_view, std::string_view> operator[](std::size_t i) const noexcept {
    // A list that came over the wire may be inconsistent: never read outside of the text.
    const auto& e = entries_[i];
    if (e.name_at > text_size_ || e.name_size > text_size_ - e.name_at
        || e.value_size > text_size_ - e.name_at - e.name_size)
      return {};
    const auto* const name = text() + e.name_at;
    return {{name, e.name_size}, {name + e.name_size, e.value_size}};
  }
  /// Of all names and values together.
  [[nodiscard]] std::size_t text_size() const noexcept { return text_size_; }

  /// Removes the fields whose name fulfils the condition.
  template <class Condition>
  void remove_if(Condition condition) {
    header_list kept;
    for (std::size_t i = 0; i < size(); ++i)
      if (auto [name, value] = (*this)[i]; !condition(name))
        kept.add(name, value);
    *this = std::move(kept);
  }

  /// Keeps the memory.
  void clear() noexcept { size_ = text_size_ = 0; }

  /// For CAF: all text, and where the fields are in it.
  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, header_list& x) {
    auto parts = x.take_apart();
    if constexpr (Inspector::writes_state) {
      auto result = f(parts.text, parts.entries);
      x = header_list{parts};
      return result;
    } else {
      return f(parts.text, parts.entries);
    }
  }

private:
  struct entry {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t value_size; // the value follows the name

    template <class Inspector>
    friend typename Inspector::result_type inspect(Inspector& f, entry& x) {
      return f(x.name_at, x.name_size, x.value_size);
    }
  };

  struct parts {
    std::string text;
    std::vector<entry> entries;
  };

  explicit header_list(const parts& from);
  [[nodiscard]] parts take_apart() const;
  [[nodiscard]] header_list with_room(std::size_t fields, std::size_t bytes) const;

  void swap(header_list& other) noexcept {
    std::swap(entries_, other.entries_);
    std::swap(room_, other.room_);
    std::swap(text_room_, other.text_room_);
    std::swap(size_, other.size_);
    std::swap(text_size_, other.text_size_);
  }
  /// The text stands behind the room for entries.
  [[nodiscard]] char* text() const noexcept { return reinterpret_cast<char*>(entries_ + room_); }
  [[nodiscard]] std::size_t block_size() const noexcept { return room_ * sizeof(entry) + text_room_; }

  entry* entries_ = nullptr; // the block
  std::uint32_t room_ = 0;   // for entries
  std::uint32_t text_room_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t text_size_ = 0;
};

/// ASCII only, as HTTP field names are.
bool equals_ignore_case(std::string_view a, std::string_view b) noexcept;

} // namespace troupe
