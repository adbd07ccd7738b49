#pragma once

#include "actors/messages/request.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// How many fields a form may have.
inline constexpr std::size_t most_form_fields = 1000;

/// The fields of a form, decoded, in the order in which they were sent. A name may stand there
/// several times, as those of check boxes do. Views that the members return live as long as this.
class form_data {
public:
  form_data() = default;
  explicit form_data(std::vector<std::pair<std::string, std::string>> fields)
    : fields_(std::move(fields)) {}

  /// The first field of that name, converted; error{invalid_argument} when it is missing or wrong.
  template <class T = std::string>
  [[nodiscard]] T get(std::string_view name) const {
    auto text = find(name);
    if (!text)
      detail::throw_missing_parameter("form field", name);
    return detail::convert_parameter<T>("form field", name, *text);
  }

  /// The same, with a value for a form that does not have it.
  template <class T>
  [[nodiscard]] T get(std::string_view name, T otherwise) const {
    auto text = find(name);
    return text ? detail::convert_parameter<T>("form field", name, *text) : std::move(otherwise);
  }

  [[nodiscard]] std::string get(std::string_view name, const char* otherwise) const {
    return get<std::string>(name, otherwise);
  }

  /// All fields of that name, converted, perhaps none; error{invalid_argument} when one is wrong.
  template <class T = std::string>
  [[nodiscard]] std::vector<T> all(std::string_view name) const {
    std::vector<T> out;
    for (const auto& [key, value] : fields_)
      if (key == name)
        out.push_back(detail::convert_parameter<T>("form field", name, value));
    return out;
  }

  /// The first field of that name; none when the form does not have it.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;

  /// Names and values.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const noexcept {
    return fields_;
  }

private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// The body as a form of application/x-www-form-urlencoded, what a page's `<form method="post">`
/// sends. Throws error: `length_required` without a body, `unsupported_media_type` when
/// Content-Type names something else, `payload_too_large` for more than `most_form_fields` fields,
/// `invalid_argument` with the number of the field whose escapes are wrong. Fields without '=' have
/// an empty value.
form_data parse_form(const request& from);

} // namespace troupe
