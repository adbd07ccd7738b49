#include "actors/detail/sql_arrays.hpp"

#include "actors/detail/sql_convert.hpp"
#include "actors/messages/json_depth.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace troupe::detail {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

/// PostgreSQL allows 6 dimensions.
constexpr int deepest_array = 6;

/// Reads PostgreSQL's array literals as the server prints them.
class literal_reader {
public:
  literal_reader(std::string_view text, const std::function<sql_value(std::string&&)>& read)
    : rest_(text), read_(read) {}

  std::optional<sql_array> whole() {
    if (rest_.starts_with('[') && !skip_bounds())
      return std::nullopt;
    auto out = array(1);
    return rest_.empty() ? std::move(out) : std::nullopt;
  }

private:
  bool take(char c) {
    if (!rest_.starts_with(c))
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// "[0:1][-2:3]="
  bool skip_bounds() {
    const auto end = rest_.find_first_not_of("[]:-0123456789");
    if (end == std::string_view::npos || rest_[end] != '=')
      return false;
    rest_.remove_prefix(end + 1);
    return true;
  }

  std::optional<sql_array> array(int depth) {
    if (depth > deepest_array || !take('{'))
      return std::nullopt;
    sql_array out;
    if (take('}'))
      return out;
    do {
      auto next = element(depth);
      if (!next)
        return std::nullopt;
      out.elements.push_back(std::move(*next));
    } while (take(','));
    return take('}') ? std::optional{std::move(out)} : std::nullopt;
  }

  std::optional<sql_value> element(int depth) {
    if (rest_.starts_with('{')) {
      auto inner = array(depth + 1);
      return inner ? std::optional<sql_value>{std::move(*inner)} : std::nullopt;
    }
    if (take('"'))
      return quoted();
    const auto end = rest_.find_first_of(",{}\"\\");
    if (end == 0 || end == std::string_view::npos)
      return std::nullopt;
    std::string text{rest_.substr(0, end)};
    rest_.remove_prefix(end);
    return text == "NULL" ? sql_value{} : read_(std::move(text)); // as text it has quotes
  }

  std::optional<sql_value> quoted() {
    std::string text;
    for (;;) {
      const auto end = rest_.find_first_of("\"\\");
      if (end == std::string_view::npos)
        return std::nullopt;
      text += rest_.substr(0, end);
      const bool escape = rest_[end] == '\\';
      rest_.remove_prefix(end + 1);
      if (!escape)
        return read_(std::move(text));
      if (rest_.empty())
        return std::nullopt;
      text += rest_.front();
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  const std::function<sql_value(std::string&&)>& read_;
};

sql_value element_of(const nlohmann::json& from);

sql_array array_of(const nlohmann::json& from) {
  sql_array out;
  out.elements.reserve(from.size());
  for (const auto& each : from)
    out.elements.push_back(element_of(each));
  return out;
}

sql_value element_of(const nlohmann::json& from) {
  switch (from.type()) {
  case nlohmann::json::value_t::boolean: return from.get<bool>();
  case nlohmann::json::value_t::number_integer: return from.get<std::int64_t>();
  case nlohmann::json::value_t::number_unsigned: {
    const auto number = from.get<std::uint64_t>();
    if (std::in_range<std::int64_t>(number))
      return static_cast<std::int64_t>(number);
    return numeric{from.dump()};
  }
  case nlohmann::json::value_t::number_float: return from.get<double>();
  case nlohmann::json::value_t::string: return from.get<std::string>();
  case nlohmann::json::value_t::array: return array_of(from);
  case nlohmann::json::value_t::object: return json_text{from.dump()};
  case nlohmann::json::value_t::null:
  case nlohmann::json::value_t::binary:
  case nlohmann::json::value_t::discarded: break;
  }
  return {};
}

void append_json(std::string& out, const sql_value& value) {
  if (const auto* array = std::get_if<sql_array>(&value)) {
    out += to_json_array(*array);
  } else if (const auto* json = std::get_if<json_text>(&value)) {
    out += json->text;
  } else {
    nlohmann::json plain;
    value_to_json(plain, value);
    out += plain.dump();
  }
}

} // namespace

std::optional<sql_array>
parse_array_literal(std::string_view text, const std::function<sql_value(std::string&&)>& read) {
  return literal_reader{text, read}.whole();
}

std::string to_json_array(const sql_array& from) {
  std::string out{"["};
  for (const auto& each : from.elements) {
    if (out.size() > 1)
      out += ',';
    append_json(out, each);
  }
  return out + ']';
}

std::optional<sql_array> parse_json_array(std::string_view text) {
  if (is_nested_too_deeply(text))
    return std::nullopt;
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_array())
    return std::nullopt;
  return array_of(parsed);
}

void value_to_json(nlohmann::json& out, const sql_value& value) {
  std::visit(overloaded{[&](std::monostate) { out = nullptr; },
                        [&](const blob& x) { out = to_hex(x.bytes); },
                        [&](const json_text& x) {
                          if (!is_nested_too_deeply(x.text))
                            out = nlohmann::json::parse(x.text, nullptr, false);
                          else
                            out = x.text;
                          if (out.is_discarded())
                            out = x.text;
                        },
                        [&](const numeric& x) { out = x.text; },
                        [&](const timestamp& x) { out = x.text; },
                        [&](double x) {
                          if (const auto name = name_of_non_number(x))
                            out = *name;
                          else
                            out = x;
                        },
                        [&](const sql_array& x) {
                          out = nlohmann::json::array();
                          for (const auto& each : x.elements)
                            value_to_json(out.emplace_back(), each);
                        },
                        [&](const auto& x) { out = x; }},
             value);
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (auto c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  const auto digit = [](char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
    return digits.find(lower);
  };
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto high = digit(text[i]);
    const auto low = digit(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos)
      return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return text.size() % 2 == 0 ? std::optional{std::move(out)} : std::nullopt;
}

std::optional<std::string_view> name_of_non_number(double value) {
  if (std::isnan(value))
    return "NaN";
  if (std::isinf(value))
    return value < 0 ? "-Infinity" : "Infinity";
  return std::nullopt;
}

} // namespace troupe::detail
