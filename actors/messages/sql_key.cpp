#include "actors/messages/sql_key.hpp"

#include <type_traits>

namespace troupe {

namespace {

template <class Number>
void append_bytes(std::string& to, Number number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_value(std::string& to, const sql_value& each) {
  to += static_cast<char>(each.index());
  std::visit(
    [&to](const auto& value) {
      using type = std::decay_t<decltype(value)>;
      if constexpr (std::is_same_v<type, std::string>) {
        append_key(to, value);
      } else if constexpr (std::is_same_v<type, blob>) {
        append_key(to, value.bytes);
      } else if constexpr (std::is_same_v<type, sql_array>) {
        append_bytes(to, value.elements.size());
        append_key(to, value.elements);
      } else if constexpr (std::is_arithmetic_v<type>) {
        append_bytes(to, value);
      } else if constexpr (!std::is_same_v<type, std::monostate>) {
        append_key(to, value.text);
      }
    },
    each);
}

} // namespace

void append_key(std::string& to, std::string_view text) {
  append_bytes(to, text.size());
  to += text;
}

void append_key(std::string& to, std::span<const sql_value> values) {
  for (const auto& each : values)
    append_value(to, each);
}

} // namespace troupe
