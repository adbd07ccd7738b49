#pragma once

#include "config/endpoint.hpp"

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace troupe::gateway {

/// What an admin listener answers, or why there is no answer: one line.
struct admin_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Asks the admin listener of a running gateway. Blocks; each question has a connection of its own.
class admin_client {
public:
  struct answer {
    std::uint16_t status = 0;
    std::string body;
  };

  /// `token` is shown unless it is empty. `limit` is for a whole question.
  admin_client(config::endpoint where, std::string token,
               std::chrono::milliseconds limit = std::chrono::seconds{5});

  /// Throws admin_error when nothing comes, or what comes is no HTTP.
  [[nodiscard]] answer get(const std::string& target) const;
  [[nodiscard]] answer post(const std::string& target) const;

private:
  config::endpoint where_;
  std::string token_;
  std::chrono::milliseconds limit_;
};

/// For one segment of a path: all but letters, digits, - . _ ~ is written as %XX.
std::string percent_encoded(const std::string& text);

} // namespace troupe::gateway
