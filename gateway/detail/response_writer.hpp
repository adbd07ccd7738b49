#pragma once

#include "actors/messages/response.hpp"

#include <ctime>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// How a response goes out; follows from its request.
struct write_options {
  bool head = false;       ///< HEAD: the body's length, but no body
  bool keep_alive = true;  ///< false: "Connection: close"
  bool old_client = false; ///< HTTP/1.0: keep-alive has to be said
};

/// Appends `what` to `out` as HTTP/1.1. Fields that are the gateway's own (Content-Length,
/// Connection, Date, ...) and fields that are no valid HTTP are left out.
void write_response(std::string& out, const response& what, std::string_view date,
                    const write_options& options);

/// The Date field's value, rendered at most once a second. One thread.
class date_cache {
public:
  [[nodiscard]] std::string_view now();

private:
  std::time_t second_ = 0;
  std::string text_;
};

} // namespace troupe::gateway
