#pragma once

#include "actors/detail/log.hpp"
#include "actors/detail/timer.hpp"
#include "actors/messages/http_method.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// How access lines look; see config::log_settings.
enum class access_format { off, text, json };

/// One line for each request, gathered per event loop and written without a lock: at the latest
/// after 100 ms, whole lines at a time.
class access_log {
public:
  access_log(access_format format, detail::timer_queue& timers,
             const detail::log_output& out = detail::standard_log())
    : format_(format), timers_(timers), out_(out) {}
  access_log(const access_log&) = delete;
  access_log& operator=(const access_log&) = delete;
  ~access_log() { flush(); }

  [[nodiscard]] bool enabled() const noexcept { return format_ != access_format::off; }

  /// `client` is an address, or empty; `trace_id` that of the trace that it belongs to, or empty.
  void add(std::string_view client, std::string_view method, std::string_view target,
           std::uint16_t status, std::chrono::steady_clock::duration took,
           std::uint64_t request_id, std::string_view trace_id = {});

  void flush();

  /// Writes what is left; nothing is added after that.
  void close() {
    flush();
    flush_timer_.disarm();
  }

private:
  access_format format_;
  detail::timer_queue& timers_;
  const detail::log_output& out_;
  std::string lines_;
  detail::timer flush_timer_;
};

} // namespace troupe::gateway
