#pragma once

#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"

#include <gtest/gtest.h>
#include <memory>

namespace troupe::test {

/// One demo gateway for all cases of a suite, and a connection of its own for each case.
class with_gateway : public testing::Test {
protected:
  static void SetUpTestSuite() { node_ = std::make_unique<gateway>(); }
  static void TearDownTestSuite() { node_.reset(); }

  [[nodiscard]] static gateway& node() { return *node_; }
  [[nodiscard]] static http_connection connect() { return http_connection{node_->http_port()}; }
  [[nodiscard]] static http_client client() { return http_client{node_->http_port()}; }

private:
  static inline std::unique_ptr<gateway> node_;
};

/// A POST /echo with this body.
inline std::string echo(const std::string& body) {
  return to_bytes({"POST", "/echo", body, {{"Content-Type", "text/plain"}}});
}

/// A GET without a body.
inline std::string get_bytes(const std::string& target) {
  return to_bytes({"GET", target, {}, {}});
}

} // namespace troupe::test
