#pragma once

#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

inline node_options stream_node(std::vector<std::string> arguments = {}) {
  return {"stream-node", std::move(arguments), {}};
}

/// On the gateway itself, and on a worker node: nothing may differ.
enum class where { here, on_worker };

/// A node of stream_node.cpp for each case, alone or with a worker that answers.
class with_streams : public testing::TestWithParam<where> {
protected:
  void start(std::vector<std::string> arguments) {
    worker_.reset();
    if (GetParam() == where::on_worker)
      arguments.push_back("--no-local-workers");
    gateway_ = std::make_unique<gateway>(stream_node(std::move(arguments)));
    if (GetParam() == where::on_worker) {
      worker_ = std::make_unique<worker>(*gateway_, "one", stream_node());
      ASSERT_TRUE(worker_->joined());
    }
  }

  [[nodiscard]] std::uint16_t port() const { return gateway_->http_port(); }
  /// Of /counts.
  [[nodiscard]] std::int64_t count(const char* what) const {
    return get(port(), "/counts").json()[what].get<std::int64_t>();
  }

  std::unique_ptr<gateway> gateway_;
  std::unique_ptr<worker> worker_;
};

inline std::string name_of(const testing::TestParamInfo<where>& info) {
  return info.param == where::here ? "Here" : "OnWorker";
}

} // namespace troupe::test
