#include "actors/messages/request.hpp"

#include "actors/messages/json_depth.hpp"
#include "actors/messages/quoted.hpp"

#include <nlohmann/json.hpp>

namespace troupe {

namespace detail {

void throw_bad_parameter(std::string_view where, std::string_view name, std::string_view found,
                         std::string_view expected) {
  throw error{errc::invalid_argument, std::string{where} + " \"" + std::string{name} + "\" is "
                                        + quoted(found) + ", expected " + std::string{expected}};
}

void throw_missing_parameter(std::string_view where, std::string_view name) {
  throw error{errc::invalid_argument,
              std::string{where} + " \"" + std::string{name} + "\" is missing"};
}

} // namespace detail

namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size())
        return std::nullopt;
      auto high = hex_digit(text[i + 1]);
      auto low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0)
        return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::string_view request::path() const noexcept {
  return std::string_view{target}.substr(0, path_size);
}

std::string_view request::query_string() const noexcept {
  return path_size < target.size() ? std::string_view{target}.substr(path_size + 1)
                                   : std::string_view{};
}

std::optional<std::string> request::raw_query(std::string_view name) const {
  auto rest = query_string();
  while (!rest.empty()) {
    auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    auto equals = pair.find('=');
    auto key = percent_decode(pair.substr(0, equals), true);
    if (!key || *key != name)
      continue;
    auto text = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    auto value = percent_decode(text, true);
    if (!value)
      detail::throw_bad_parameter("query parameter", name, text, "valid percent-encoding");
    return value;
  }
  return std::nullopt;
}

std::string_view request::raw_param(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name)
      return value;
  throw std::logic_error("the route has no path parameter {" + std::string{name} + "}");
}

std::optional<trace_context> request::trace() const noexcept {
  const auto field = headers.find(traceparent_field);
  return field ? trace_context::parse(*field) : std::nullopt;
}

nlohmann::json request::json() const {
  if (!has_body)
    throw error{errc::length_required,
                "this route reads a JSON body: send one with Content-Length or chunked"};
  if (auto type = header("Content-Type")) {
    auto essence = type->substr(0, type->find(';'));
    while (!essence.empty() && (essence.back() == ' ' || essence.back() == '\t'))
      essence.remove_suffix(1);
    if (!equals_ignore_case(essence, "application/json")
        && !(essence.size() > 5 && equals_ignore_case(essence.substr(essence.size() - 5), "+json"))
        // what curl -d sends when nothing else was asked for
        && !equals_ignore_case(essence, "application/x-www-form-urlencoded"))
      throw error{errc::unsupported_media_type, "Content-Type is " + detail::quoted(*type)
                                                  + ", expected application/json"};
  }
  if (detail::is_nested_too_deeply(body))
    throw error{errc::invalid_argument, "the body is JSON that is nested deeper than "
                                          + std::to_string(detail::deepest_json) + " levels"};
  try {
    return nlohmann::json::parse(body);
  } catch (const nlohmann::json::parse_error& e) {
    throw error{errc::invalid_argument,
                "the body is not JSON: syntax error at byte " + std::to_string(e.byte)};
  } catch (const nlohmann::json::exception&) {
    throw error{errc::invalid_argument, "the body is not JSON: a number is out of range"};
  }
}

} // namespace troupe
