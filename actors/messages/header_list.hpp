#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// The fields of a request or response, in order, all text in one flat buffer.
///
/// Names compare without regard to case. Views stay valid until the list changes.
class header_list {
public:
  /// Makes room for that many fields with that many bytes of names and values, together.
  void reserve(std::size_t fields, std::size_t bytes);

  /// Appends; an existing field of that name stays (fields may repeat).
  void add(std::string_view name, std::string_view value);

  /// Appends; fields of that name before go away.
  void set(std::string_view name, std::string_view value);

  /// The first field of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::pair<std::string_view, std::string_view> operator[](std::size_t i) const;

  /// Removes the fields whose name fulfils the condition.
  template <class Condition>
  void remove_if(Condition condition) {
    header_list kept;
    for (std::size_t i = 0; i < size(); ++i)
      if (auto [name, value] = (*this)[i]; !condition(name))
        kept.add(name, value);
    *this = std::move(kept);
  }

  void clear() noexcept;

  /// For CAF: the members as they go over the wire.
  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, header_list& x) {
    return f(x.text_, x.entries_);
  }

private:
  struct entry {
    std::uint32_t name_at = 0;
    std::uint32_t name_size = 0;
    std::uint32_t value_size = 0; // the value follows the name

    template <class Inspector>
    friend typename Inspector::result_type inspect(Inspector& f, entry& x) {
      return f(x.name_at, x.name_size, x.value_size);
    }
  };

  std::string text_;
  std::vector<entry> entries_;
};

/// ASCII only, as HTTP field names are.
bool equals_ignore_case(std::string_view a, std::string_view b) noexcept;

} // namespace troupe
