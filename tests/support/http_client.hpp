#pragma once

#include "tests/support/http_connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::test {

/// A request as most tests need it: well-formed, with Host, and Content-Length when it has a body.
struct http_request {
  std::string method = "GET";
  std::string target = "/";
  std::optional<std::string> body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The bytes of `request` in HTTP/1.1.
std::string to_bytes(const http_request& request);

/// A keep-alive client of one port of this machine. Connects when needed; an answer with
/// Connection: close ends the connection. Every wait ends after `limit` with connection_error.
class http_client {
public:
  explicit http_client(std::uint16_t port, milliseconds limit = soon,
                       std::optional<tls_options> tls = {})
      : port_(port), limit_(limit), tls_(std::move(tls)) {}

  http_response send(const http_request& request);

  http_response get(std::string_view target);
  http_response head(std::string_view target);
  http_response remove(std::string_view target);
  http_response post(std::string_view target);
  http_response post(std::string_view target, const nlohmann::json& body);
  http_response put(std::string_view target, const nlohmann::json& body);

  /// For bodies that are no JSON.
  http_response post_text(std::string_view target, std::string_view body,
                          std::string_view content_type);

private:
  std::uint16_t port_;
  milliseconds limit_;
  std::optional<tls_options> tls_; // none: plain HTTP
  std::optional<http_connection> connection_;
};

/// GET on a connection of its own.
http_response get(std::uint16_t port, std::string_view target);

} // namespace troupe::test
