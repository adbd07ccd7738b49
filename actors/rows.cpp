#include "actors/rows.hpp"

#include "actors/messages/json_depth.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace troupe {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

constexpr std::array<std::string_view, std::variant_size_v<sql_value>> type_names{
  "NULL", "bool", "integer", "double", "text", "bytes", "json", "numeric", "timestamp"};

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (auto c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

/// The names that PostgreSQL has for them, where JSON has no number; else none.
std::optional<std::string_view> name_of_non_number(double value) {
  if (std::isnan(value))
    return "NaN";
  if (std::isinf(value))
    return value < 0 ? "-Infinity" : "Infinity";
  return std::nullopt;
}

nlohmann::json to_json_value(const sql_value& value) {
  return std::visit(
    overloaded{[](std::monostate) { return nlohmann::json(nullptr); },
               [](const blob& x) { return nlohmann::json(hex(x.bytes)); },
               [](const json_text& x) {
                 if (detail::is_nested_too_deeply(x.text))
                   return nlohmann::json(x.text);
                 auto parsed = nlohmann::json::parse(x.text, nullptr, false);
                 return parsed.is_discarded() ? nlohmann::json(x.text) : parsed;
               },
               [](const numeric& x) { return nlohmann::json(x.text); },
               [](const timestamp& x) { return nlohmann::json(x.text); },
               [](double x) {
                 auto name = name_of_non_number(x);
                 return name ? nlohmann::json(*name) : nlohmann::json(x);
               },
               [](const auto& x) { return nlohmann::json(x); }},
    value);
}

template <class T>
T parse_number(std::string_view column, const sql_value& value, std::string_view text,
               std::string_view wanted) {
  T number{};
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size())
    detail::throw_wrong_column_type(column, value, wanted);
  return number;
}

} // namespace

namespace detail {

void throw_wrong_column_type(std::string_view column, const sql_value& found,
                             std::string_view wanted) {
  throw error{errc::internal, "column \"" + std::string{column} + "\" holds "
                                + std::string{type_names[found.index()]} + ", wanted "
                                + std::string{wanted}};
}

std::string value_as_text(std::string_view column, const sql_value& value) {
  return std::visit(overloaded{[&](std::monostate) -> std::string {
                                 throw_wrong_column_type(column, value, "text");
                               },
                               [](bool x) -> std::string { return x ? "true" : "false"; },
                               [](std::int64_t x) { return std::to_string(x); },
                               [](double x) {
                                 auto name = name_of_non_number(x);
                                 return name ? std::string{*name} : nlohmann::json(x).dump();
                               },
                               [](const std::string& x) { return x; },
                               [](const blob& x) { return x.bytes; },
                               [](const auto& x) { return x.text; }},
                    value);
}

std::int64_t value_as_integer(std::string_view column, const sql_value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return *number;
  if (const auto* number = std::get_if<numeric>(&value))
    return parse_number<std::int64_t>(column, value, number->text, "an integer");
  throw_wrong_column_type(column, value, "an integer");
}

double value_as_double(std::string_view column, const sql_value& value) {
  if (const auto* number = std::get_if<double>(&value))
    return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return static_cast<double>(*number);
  if (const auto* number = std::get_if<numeric>(&value))
    return parse_number<double>(column, value, number->text, "a number");
  throw_wrong_column_type(column, value, "a number");
}

bool value_as_bool(std::string_view column, const sql_value& value) {
  if (const auto* flag = std::get_if<bool>(&value))
    return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return *number != 0; // SQLite keeps booleans as integers
  throw_wrong_column_type(column, value, "a bool");
}

} // namespace detail

const sql_value& row::operator[](std::string_view column) const {
  const auto& columns = result_->columns;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i] == column)
      return result_->cells[index_ * columns.size() + i];
  throw error{errc::internal, "the result has no column \"" + std::string{column} + "\""};
}

void to_json(nlohmann::json& out, const row& from) {
  const auto& columns = from.result_->columns;
  out = nlohmann::json::object();
  for (std::size_t i = 0; i < columns.size(); ++i)
    out[columns[i]] = to_json_value(from.result_->cells[from.index_ * columns.size() + i]);
}

void to_json(nlohmann::json& out, const rows& from) {
  out = nlohmann::json::array();
  for (auto each : from)
    out.push_back(each);
}

} // namespace troupe
