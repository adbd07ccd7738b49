#pragma once

#include "config/endpoint.hpp"

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::gateway {

/// What a node asks an HTTP server, on a connection of its own.
struct http_question {
  config::endpoint where;
  bool posts = false; // else GET
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields; // beside Host, Connection and Content-Length
  std::string body;
  std::uint64_t largest_answer = 0; // bytes of its body
};

struct http_answer {
  std::uint16_t status = 0;
  std::string body;
};

/// Why there is no answer: one line.
struct no_answer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Blocks, at most for `limit` or until `stop` is asked for. Throws no_answer when nothing comes, or what comes is no
/// HTTP: it does not answer "as `kind` does".
[[nodiscard]] http_answer ask_http(const http_question& what, std::string_view kind, std::chrono::milliseconds limit,
                                   const std::stop_token& stop = {});

} // namespace troupe::gateway
