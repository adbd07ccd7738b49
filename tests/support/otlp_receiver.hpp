#pragma once

#include "tests/support/deadline.hpp"
#include "tests/support/file_descriptor.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/otlp.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace troupe::test {

/// A receiver of OTLP/HTTP with JSON on a free port of this machine.
class otlp_receiver {
public:
  /// What it does with a request: takes it, answers 503, or reads it and says nothing.
  enum class manner { takes, refuses, keeps_silent };

  explicit otlp_receiver(manner how = manner::takes);
  otlp_receiver(const otlp_receiver&) = delete;
  otlp_receiver& operator=(const otlp_receiver&) = delete;
  ~otlp_receiver();

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(listener_.port); }
  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port; }

  /// All that has come so far.
  [[nodiscard]] std::vector<otlp_span> spans() const;

  /// What was wrong with requests that were no POST /v1/traces with JSON of OTLP.
  [[nodiscard]] std::vector<std::string> complaints() const;

  /// Waits until so many spans, or requests of whatever kind, have come; false when they do not.
  bool wait_for_spans(std::size_t count, milliseconds limit = soon) const;
  bool wait_for_requests(std::size_t count, milliseconds limit = soon) const;

private:
  void run();
  void serve(file_descriptor connection);
  /// The whole request; none: this receiver ends, or the sender has gone.
  std::optional<std::string> read_request(const file_descriptor& from) const;
  /// What has come is read by who asks for it, so that senders have their answers at once.
  void read_what_came(std::unique_lock<std::mutex>& locked) const;

  manner how_;
  loopback_listener listener_{16};
  file_descriptor wake_; // readable when it ends
  std::vector<file_descriptor> silent_;
  mutable std::mutex guard_;
  mutable std::condition_variable changed_;
  mutable std::vector<std::string> unread_;
  mutable std::vector<otlp_span> spans_;
  mutable std::vector<std::string> complaints_;
  std::size_t requests_ = 0;
  std::thread thread_;
};

} // namespace troupe::test
