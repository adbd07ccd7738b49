#include "config/detail/values.hpp"

#include "config/detail/text_rules.hpp"
#include "config/detail/wording.hpp"
#include "config/secrets.hpp"
#include "config/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace troupe::config::detail {
namespace {

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};

constexpr std::array log_levels{log_level::trace, log_level::debug, log_level::info,
                                log_level::warn,  log_level::error, log_level::off};
constexpr std::array log_formats{log_format::automatic, log_format::text, log_format::json};
constexpr std::array all_forwarded{forwarded_fields::any, forwarded_fields::forwarded,
                                   forwarded_fields::x_forwarded};
constexpr std::array all_proxy_protocols{proxy_protocol::off, proxy_protocol::v1,
                                         proxy_protocol::v2, proxy_protocol::on};

constexpr std::array tls_versions{tls_version::v1_2, tls_version::v1_3};
constexpr std::array all_client_certificate{client_certificate::off, client_certificate::optional,
                                            client_certificate::required};

constexpr std::array trace_sources{trace_source::none, trace_source::trusted, trace_source::any};

constexpr std::array all_cluster_io{cluster_io::automatic, cluster_io::loop, cluster_io::thread};

constexpr const auto& all_of_type(const log_level*) { return log_levels; }
constexpr const auto& all_of_type(const log_format*) { return log_formats; }
constexpr const auto& all_of_type(const forwarded_fields*) { return all_forwarded; }
constexpr const auto& all_of_type(const proxy_protocol*) { return all_proxy_protocols; }
constexpr const auto& all_of_type(const tls_version*) { return tls_versions; }
constexpr const auto& all_of_type(const client_certificate*) { return all_client_certificate; }
constexpr const auto& all_of_type(const trace_source*) { return trace_sources; }
constexpr const auto& all_of_type(const cluster_io*) { return all_cluster_io; }

template <class Enum>
concept choice = std::is_enum_v<Enum>;

template <choice Enum>
std::vector<std::string> names(const Enum* type) {
  std::vector<std::string> result;
  for (const auto value : all_of_type(type))
    result.push_back(to_string(value));
  return result;
}

std::optional<unsigned> parse_count(std::string_view text) {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (text.empty() || problem != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::optional<double> parse_fraction(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (text.empty() || problem != std::errc{} || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

template <class Number>
bool is_in_range(const definition& what, Number number) {
  return std::cmp_greater_equal(number, what.low) && std::cmp_less_equal(number, what.high);
}

bool assign_to(bool* where, const definition&, std::string_view text) {
  if (text != "true" && text != "false") return false;
  *where = text == "true";
  return true;
}

bool assign_to(unsigned* where, const definition& what, std::string_view text) {
  const auto number = parse_count(text);
  if (!number || !is_in_range(what, *number)) return false;
  *where = *number;
  return true;
}

bool assign_to(double* where, const definition& what, std::string_view text) {
  const auto number = parse_fraction(text);
  if (!number || *number < static_cast<double>(what.low) || *number > static_cast<double>(what.high))
    return false;
  *where = *number;
  return true;
}

bool assign_to(std::size_t* where, const definition& what, std::string_view text) {
  const auto bytes = parse_size(text);
  if (!bytes || !is_in_range(what, *bytes)) return false;
  *where = *bytes;
  return true;
}

bool assign_to(milliseconds* where, const definition& what, std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration || !is_in_range(what, duration->count())) return false;
  *where = *duration;
  return true;
}

bool assign_to(std::string* where, const definition& what, std::string_view text) {
  if (text.empty() ? !what.may_be_empty : has_control_character(text)) return false;
  if (!text.empty() && what.accepts_text != nullptr && !what.accepts_text(text)) return false;
  *where = text;
  return true;
}

bool assign_to(endpoint* where, const definition& what, std::string_view text) {
  auto address = parse_endpoint(text);
  if (!address || std::cmp_less(address->port, what.low)) return false;
  *where = std::move(*address);
  return true;
}

bool assign_to(std::optional<endpoint>* where, const definition& what, std::string_view text) {
  endpoint address;
  if (!text.empty() && !assign_to(&address, what, text)) return false;
  *where = text.empty() ? std::nullopt : std::optional{std::move(address)};
  return true;
}

bool assign_to(std::vector<std::string>* where, const definition& what, std::string_view text) {
  std::string element;
  if (text.empty() || !assign_to(&element, what, text)) return false;
  where->push_back(std::move(element));
  return true;
}

bool assign_to(std::vector<endpoint>* where, const definition& what, std::string_view text) {
  endpoint address;
  if (!assign_to(&address, what, text)) return false;
  where->push_back(std::move(address));
  return true;
}

bool assign_to(std::vector<network>* where, const definition&, std::string_view text) {
  const auto element = parse_network(text);
  if (!element) return false;
  where->push_back(*element);
  return true;
}

template <choice Enum>
bool assign_to(Enum* where, const definition&, std::string_view text) {
  for (const auto value : all_of_type(where)) {
    if (to_string(value) != text) continue;
    *where = value;
    return true;
  }
  return false;
}

std::string expected_endpoint(const definition& what) {
  return fmt::format("HOST:PORT such as 127.0.0.1:4242 or [::1]:4242, the port from {} to 65535",
                     what.low);
}

std::string toml_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string masked(const definition& what, const std::string& text) {
  switch (what.secret) {
    case secrecy::none:
      return text;
    case secrecy::in_url:
      return mask_secrets(text);
    case secrecy::whole:
      return text.empty() ? "" : "****";
  }
  return {};
}

const std::string& to_string(const std::string& text) { return text; }

template <class Element>
std::vector<std::string> texts_of(const std::vector<Element>& list) {
  std::vector<std::string> result;
  for (const auto& element : list)
    result.push_back(to_string(element));
  return result;
}

std::string toml_list(const setting& target) {
  auto texts = std::visit(overloaded{[]<class Element>(const std::vector<Element>* list) {
                                       return texts_of(*list);
                                     },
                                     [](const auto*) { return std::vector<std::string>(); }},
                          target.where);
  for (auto& text : texts)
    text = toml_text(text);
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

} // namespace

bool assign(const setting& target, std::string_view text) {
  return std::visit([&](auto* where) { return assign_to(where, *target.what, text); },
                    target.where);
}

void clear_list(const setting& target) {
  std::visit(overloaded{[]<class Element>(std::vector<Element>* list) { list->clear(); },
                        [](const auto*) {}},
             target.where);
}

bool is_list(const setting& target) {
  return std::visit(overloaded{[]<class Element>(const std::vector<Element>*) { return true; },
                               [](const auto*) { return false; }},
                    target.where);
}

bool fits(const setting& target, toml_type type) {
  return std::visit(
      overloaded{
          [&](const bool*) { return type == toml_type::boolean; },
          [&](const unsigned*) { return type == toml_type::integer; },
          [&](const double*) { return type == toml_type::integer || type == toml_type::other; },
          [&](const std::size_t*) { return type == toml_type::integer || type == toml_type::text; },
          [&]<class Element>(const std::vector<Element>*) { return type == toml_type::list; },
          [&](const auto*) { return type == toml_type::text; }},
      target.where);
}

std::string range(const setting& target) {
  const auto& what = *target.what;
  return std::visit(
      overloaded{[&](const unsigned*) { return fmt::format("{} to {}", what.low, what.high); },
                 [&](const double*) { return fmt::format("{} to {}", what.low, what.high); },
                 [&](const std::size_t*) {
                   return fmt::format("{} to {}", format_size(static_cast<std::size_t>(what.low)),
                                      format_size(static_cast<std::size_t>(what.high)));
                 },
                 [&](const milliseconds*) {
                   return fmt::format("{} to {}", format_duration(milliseconds(what.low)),
                                      format_duration(milliseconds(what.high)));
                 },
                 [&](const std::string*) { return std::string(what.text_rule); },
                 [](const auto*) { return std::string(); }},
      target.where);
}

std::string expected(const setting& target) {
  return std::visit(
      overloaded{[](const bool*) { return std::string("true or false"); },
                 [&](const unsigned*) { return "a whole number from " + range(target); },
                 [&](const double*) { return "a number from " + range(target) + " such as 0.01"; },
                 [&](const std::size_t*) {
                   return "a size from " + range(target) + ", written 16384, 16KiB or 1MiB";
                 },
                 [&](const milliseconds*) {
                   return "a duration from " + range(target) + ", written 250ms, 10s, 5m or 1h";
                 },
                 [&](const std::string*) { return std::string(target.what->text_rule); },
                 [&](const endpoint*) { return expected_endpoint(*target.what); },
                 [&](const std::optional<endpoint>*) {
                   return expected_endpoint(*target.what) + ", or nothing";
                 },
                 [&](const std::vector<std::string>*) {
                   return std::string(target.what->text_rule);
                 },
                 [&](const std::vector<endpoint>*) { return expected_endpoint(*target.what); },
                 [](const std::vector<network>*) {
                   return std::string("an address such as 127.0.0.1 or 2001:db8::1, or a network "
                                      "such as 10.0.0.0/8 with no bits set behind its prefix");
                 },
                 [](const choice auto* where) { return "one of " + any_of_them(names(where)); }},
      target.where);
}

std::string hint(const setting& target) {
  return std::visit(
      overloaded{
          [](const bool*) { return std::string("BOOL"); },
          [](const unsigned*) { return std::string("N"); },
          [](const double*) { return std::string("X"); },
          [](const std::size_t*) { return std::string("SIZE"); },
          [](const milliseconds*) { return std::string("DURATION"); },
          [&](const std::string*) { return std::string(target.what->text_hint); },
          [](const endpoint*) { return std::string("HOST:PORT"); },
          [](const std::optional<endpoint>*) { return std::string("HOST:PORT"); },
          [&](const std::vector<std::string>*) { return std::string(target.what->text_hint); },
          [](const std::vector<endpoint>*) { return std::string("HOST:PORT"); },
          [](const std::vector<network>*) { return std::string("NETWORK"); },
          [](const choice auto* where) { return fmt::format("{}", fmt::join(names(where), "|")); }},
      target.where);
}

std::string to_text(const setting& target) {
  return std::visit(
      overloaded{[](const bool* where) { return std::string(*where ? "true" : "false"); },
                 [](const unsigned* where) { return std::to_string(*where); },
                 [](const double* where) { return fmt::format("{}", *where); },
                 [](const std::size_t* where) { return format_size(*where); },
                 [](const milliseconds* where) { return format_duration(*where); },
                 [&](const std::string* where) {
                   return masked(*target.what, *where);
                 },
                 [](const std::optional<endpoint>* where) {
                   return *where ? to_string(**where) : std::string();
                 },
                 []<class Element>(const std::vector<Element>* where) {
                   return fmt::format("{}", fmt::join(texts_of(*where), ","));
                 },
                 [](const auto* where) { return to_string(*where); }},
      target.where);
}

std::string to_toml(const setting& target) {
  if (is_list(target)) return toml_list(target);
  auto text = to_text(target);
  const bool is_bare = fits(target, toml_type::boolean)
                       || (fits(target, toml_type::integer) && parse_count(text).has_value())
                       || std::holds_alternative<double*>(target.where);
  return is_bare ? text : toml_text(text);
}

std::string found(const setting& target, std::string_view text) {
  if (target.what->secret == secrecy::none || text.empty()) return in_quotes(text);
  if (target.what->secret == secrecy::whole) return "a text (not shown)";
  // Without a known scheme nothing says where a password stands.
  const bool has_scheme = text.starts_with("sqlite:") || text.find("://") != std::string_view::npos;
  if (!has_scheme) return "a text without a known scheme (not shown)";
  return in_quotes(mask_secrets(text));
}

} // namespace troupe::config::detail
