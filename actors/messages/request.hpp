#pragma once

#include "actors/messages/errc.hpp"
#include "actors/messages/header_list.hpp"
#include "actors/messages/http_method.hpp"
#include "actors/messages/trace_context.hpp"

#include <nlohmann/json_fwd.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

namespace detail {

[[noreturn]] void throw_bad_parameter(std::string_view where, std::string_view name,
                                      std::string_view found, std::string_view expected);
[[noreturn]] void throw_missing_parameter(std::string_view where, std::string_view name);

/// Converts text from outside into T or throws error{invalid_argument} that says what was found.
template <class T>
T convert_parameter(std::string_view where, std::string_view name, std::string_view text) {
  if constexpr (std::same_as<T, std::string>) {
    return std::string{text};
  } else if constexpr (std::same_as<T, std::string_view>) {
    return text;
  } else if constexpr (std::same_as<T, bool>) {
    if (text == "true" || text == "1")
      return true;
    if (text == "false" || text == "0")
      return false;
    throw_bad_parameter(where, name, text, "true or false");
  } else {
    static_assert(std::is_arithmetic_v<T>, "parameters are text, bool or numbers");
    T value{};
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if constexpr (std::is_floating_point_v<T>)
      if (ec == std::errc{} && !std::isfinite(value)) // "nan", "inf"
        throw_bad_parameter(where, name, text, "a number");
    if (ec == std::errc::result_out_of_range)
      throw_bad_parameter(where, name, text, "a number in range");
    if (ec != std::errc{} || end != text.data() + text.size())
      throw_bad_parameter(where, name, text,
                          std::is_integral_v<T> ? "an integer" : "a number");
    return value;
  }
}

} // namespace detail

/// An HTTP request as a message. Moved, never copied, on its way to a local actor.
///
/// Views that the members return live as long as the request: until the handler's coroutine has
/// ended. A task that runs on after it must copy what it needs.
struct request {
  http_method method = http_method::get;
  /// As received, e.g. "/users/7?fields=name".
  std::string target;
  /// Length of the path within `target`.
  std::uint32_t path_size = 0;
  /// The route's place among those of its service on the node that answers it.
  std::uint32_t route = 0;
  /// Percent-decoded values of the route's `{name}` segments.
  std::vector<std::pair<std::string, std::string>> parameters;
  header_list headers;
  std::string body;
  /// The client declared a body, with Content-Length or chunked; it may be empty.
  bool has_body = false;
  /// Unique among the requests of one gateway; shown in logs and in problem answers.
  std::uint64_t id = 0;
  /// What is left, when the message is sent, of the time in which an answer is of use.
  std::chrono::milliseconds time_left{0};
  /// The client's address without port, "203.0.113.7" or "2001:db8::1": of the connection, or as a
  /// proxy names it that `http.trusted_proxies` lists. Empty when it is not known.
  std::string client;
  /// "http" or "https": how the client has sent it, said in the same way.
  std::string scheme = "http";

  /// The path without the query, as received: routes are looked up with dot segments taken out.
  [[nodiscard]] std::string_view path() const noexcept;

  /// The raw query, without its '?'; empty when there is none.
  [[nodiscard]] std::string_view query_string() const noexcept;

  /// The path parameter `name`, converted. Throws error{invalid_argument} when it does not convert.
  /// REQUIRES: the route's pattern has `{name}`; otherwise error{internal}.
  template <class T = std::string_view>
  [[nodiscard]] T param(std::string_view name) const {
    return detail::convert_parameter<T>("path parameter", name, raw_param(name));
  }

  /// The query parameter `name`, converted; error{invalid_argument} when it is missing or wrong.
  template <class T = std::string>
  [[nodiscard]] T query(std::string_view name) const {
    auto text = raw_query(name);
    if (!text)
      detail::throw_missing_parameter("query parameter", name);
    return detail::convert_parameter<T>("query parameter", name, *text);
  }

  /// The same, with a value for a request that does not have it.
  template <class T>
  [[nodiscard]] T query(std::string_view name, T otherwise) const {
    auto text = raw_query(name);
    return text ? detail::convert_parameter<T>("query parameter", name, *text)
                : std::move(otherwise);
  }

  [[nodiscard]] std::string query(std::string_view name, const char* otherwise) const {
    return query<std::string>(name, otherwise);
  }

  /// The decoded query parameter; none when the request does not have it.
  [[nodiscard]] std::optional<std::string> raw_query(std::string_view name) const;

  /// The Host field, perhaps with a port; empty when an HTTP/1.0 client has sent none.
  [[nodiscard]] std::string_view host() const noexcept {
    return headers.find("Host").value_or(std::string_view{});
  }

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    return headers.find(name);
  }

  /// Where the request stands in a trace, for calls to others: their traceparent field is its `traceparent()`, and
  /// their tracestate that of this request, if it has one. None: nobody traces it.
  [[nodiscard]] std::optional<trace_context> trace() const noexcept;

  /// The body as JSON. Throws error: `length_required` without a body, `unsupported_media_type`
  /// when Content-Type names something else, `invalid_argument` with the place of a syntax error.
  [[nodiscard]] nlohmann::json json() const;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, request& x) {
    return f(x.method, x.target, x.path_size, x.route, x.parameters, x.headers, x.body,
             x.has_body, x.id, x.time_left, x.client, x.scheme);
  }

private:
  [[nodiscard]] std::string_view raw_param(std::string_view name) const;
};

/// Decodes %XX (and '+' as a space where `plus_is_space`); none for an invalid escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

} // namespace troupe
