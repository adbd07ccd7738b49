#pragma once

#include "actors/messages/request.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace troupe {

/// For `service::idempotency_key`.
struct idempotency_options {
  /// How long an answer is kept for those who send its key again.
  std::chrono::seconds keep = std::chrono::hours{24};

  /// Whose keys these are: the same key of two owners is two keys. Without it, whoever knows a key and the
  /// request gets the answer, so keys must not be guessed: clients should make them by chance.
  std::function<std::string(const request&)> owner{};
};

/// A field of the request, by its name: `service::sticky(header{"X-Session"})`.
struct header {
  std::string name;
};

} // namespace troupe
