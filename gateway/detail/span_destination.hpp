#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

namespace troupe::gateway {

/// Where spans go. Used by one thread, which it may keep waiting.
class span_destination {
public:
  virtual ~span_destination() = default;

  /// One request in the JSON of OTLP. Throws std::exception when it has not arrived, after `limit` at the latest, or
  /// soon when `stop` is asked for.
  virtual void write(const std::string& json, std::chrono::milliseconds limit, const std::stop_token& stop) = 0;
};

/// By the setting trace.export, which is not "none". Throws std::system_error for a file that cannot be opened.
[[nodiscard]] std::unique_ptr<span_destination> open_span_destination(const std::string& where);

} // namespace troupe::gateway
