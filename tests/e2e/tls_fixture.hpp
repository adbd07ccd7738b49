#pragma once

#include "tests/support/certificates.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Certificates for the nodes of a test.
struct with_certificates : public testing::Test {
  temp_directory folder;
  certificate_authority authority{folder, "authority"};

  /// The demo node over TLS, with a certificate for a.example.
  [[nodiscard]] node_options https(std::vector<std::string> more = {}) const {
    const auto files = authority.issue({"a", {"DNS:a.example"}});
    std::vector<std::string> arguments{"--tls-certificates", files.certificate, "--tls-keys",
                                       files.key};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return with_flags(std::move(arguments));
  }

  /// A client that believes this authority only, and asks for a.example.
  [[nodiscard]] tls_options careful() const { return {"a.example", authority.file(), {}, {}}; }

  [[nodiscard]] http_connection connect(const gateway& node) const {
    return http_connection{node.http_port(), careful()};
  }

  [[nodiscard]] http_client client(const gateway& node) const {
    return http_client{node.http_port(), soon, careful()};
  }
};

/// A GET without a body.
inline std::string get_bytes(const std::string& target) {
  return to_bytes({"GET", target, {}, {}});
}

/// A POST /echo with this body.
inline std::string echo(const std::string& body) {
  return to_bytes({"POST", "/echo", body, {{"Content-Type", "text/plain"}}});
}

/// Why a client is refused in the handshake, or by the end of the connection after it; empty when
/// it is served.
inline std::string refusal(std::uint16_t port, const tls_options& tls) {
  try {
    const auto answer = http_connection{port, tls}.exchange(get_bytes("/"));
    return answer.status == 200 ? "" : std::to_string(answer.status);
  } catch (const connection_error& e) {
    return e.what();
  }
}

} // namespace troupe::test
