#include "actors/form.hpp"

#include "actors/detail/field_parameters.hpp"
#include "actors/messages/quoted.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

void check_type(const request& from) {
  const auto type = from.header("Content-Type");
  if (!type)
    return; // as for JSON: whoever says nothing is taken at the handler's word
  const auto essence = detail::without_blanks(type->substr(0, type->find(';')));
  if (!equals_ignore_case(essence, form_type))
    throw error{errc::unsupported_media_type, "Content-Type is " + detail::quoted(*type)
                                                + ", expected " + std::string{form_type}};
}

std::string decode(std::string_view text, std::size_t field, std::string_view pair) {
  auto out = percent_decode(text, true);
  if (!out)
    throw error{errc::invalid_argument, "form field " + std::to_string(field) + " is "
                                          + detail::quoted(pair)
                                          + ", expected valid percent-encoding"};
  return std::move(*out);
}

} // namespace

std::optional<std::string_view> form_data::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields_)
    if (key == name)
      return value;
  return std::nullopt;
}

form_data parse_form(const request& from) {
  if (!from.has_body)
    throw error{errc::length_required,
                "this route reads a form: send one with Content-Length or chunked"};
  check_type(from);
  std::vector<std::pair<std::string, std::string>> fields;
  std::string_view rest{from.body};
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty())
      continue;
    const auto number = fields.size() + 1;
    if (number > most_form_fields)
      throw error{errc::payload_too_large,
                  "the form has more than " + std::to_string(most_form_fields) + " fields"};
    const auto equals = std::min(pair.find('='), pair.size());
    const auto value = pair.substr(std::min(equals + 1, pair.size()));
    fields.emplace_back(decode(pair.substr(0, equals), number, pair), decode(value, number, pair));
  }
  return form_data{std::move(fields)};
}

} // namespace troupe
