#pragma once

#include "actors/messages/response.hpp"

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// How the end of a response's body is known.
enum class framing : std::uint8_t {
  whole,   ///< the body is here: written with it
  length,  ///< its parts come later, so many bytes of them
  chunked, ///< the same, each with its size: write_chunk
  close,   ///< the same, until the connection is closed
};

/// How a response goes out; follows from its request.
struct write_options {
  bool head = false;       ///< HEAD: the body's length, but no body
  bool keep_alive = true;  ///< false: "Connection: close"
  bool old_client = false; ///< HTTP/1.0: keep-alive has to be said
  std::string_view hsts;   ///< value of Strict-Transport-Security, unless there is one; empty: none
  framing body = framing::whole;
  std::uint64_t length = 0; ///< with framing::length
};

/// Appends `what` to `out` as HTTP/1.1. Fields that are the gateway's own (Content-Length,
/// Connection, Date, ...) and fields that are no valid HTTP are left out.
void write_response(std::string& out, const response& what, std::string_view date,
                    const write_options& options);

/// Appends a part of a body as a chunk, or nothing if it is empty; behind the last one what ends the body.
void write_chunk(std::string& out, std::string_view data, bool last);

/// The Date field's value, rendered at most once a second. One thread.
class date_cache {
public:
  [[nodiscard]] std::string_view now();

private:
  std::time_t second_ = 0;
  std::string text_;
};

} // namespace troupe::gateway
