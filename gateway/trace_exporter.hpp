#pragma once

#include "actors/detail/span_queue.hpp"
#include "gateway/detail/otlp_json.hpp"
#include "gateway/detail/span_destination.hpp"

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace troupe::gateway {

/// Sends the spans of a node to where the setting trace.export says, in batches, on a thread of its own. A receiver
/// that is away or slow costs spans, which are counted, and nothing else.
class trace_exporter {
public:
  /// Throws std::system_error for a file that cannot be opened.
  trace_exporter(const std::string& where, trace_resource of);
  /// For tests: with a destination of theirs.
  trace_exporter(std::unique_ptr<span_destination> to, trace_resource of);
  trace_exporter(const trace_exporter&) = delete;
  trace_exporter& operator=(const trace_exporter&) = delete;
  /// Sends what is there, which takes `last_limit` at most.
  ~trace_exporter() = default;

  /// Where spans are put; it may live on.
  [[nodiscard]] const std::shared_ptr<detail::span_queue>& spans() const noexcept { return spans_; }

  static constexpr std::chrono::milliseconds last_limit{2'000};

private:
  using batch = std::vector<detail::span>;

  void run(const std::stop_token& stop);
  bool send(const batch& what, const std::stop_token& stop);
  bool attempt(const batch& what, std::chrono::milliseconds limit, const std::stop_token& stop);
  void send_last(batch what);

  std::unique_ptr<span_destination> to_;
  trace_resource of_;
  std::shared_ptr<detail::span_queue> spans_ = std::make_shared<detail::span_queue>();
  bool fails_ = false; // the log has been told so
  std::jthread thread_{[this](const std::stop_token& stop) { run(stop); }}; // the last one: it uses the others
};

} // namespace troupe::gateway
