#include "gateway/trace_exporter.hpp"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace troupe::gateway {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A batch that is not full goes out after that.
constexpr auto longest_wait = 1s;
constexpr auto attempt_limit = 5s;
constexpr unsigned most_attempts = 3;
constexpr auto first_pause = 500ms; // then twice that

void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex own;
  std::condition_variable_any no_signal;
  std::unique_lock locked{own};
  no_signal.wait_for(locked, stop, time, [] { return false; });
}

} // namespace

trace_exporter::trace_exporter(const std::string& where, trace_resource of)
  : trace_exporter(open_span_destination(where), std::move(of)) {}

trace_exporter::trace_exporter(std::unique_ptr<span_destination> to, trace_resource of)
  : to_(std::move(to)), of_(std::move(of)) {}

void trace_exporter::run(const std::stop_token& stop) {
  batch next;
  while (!stop.stop_requested()) {
    if (next.empty())
      next = spans_->take(longest_wait, stop);
    if (!next.empty() && send(next, stop))
      next.clear();
  }
  send_last(std::move(next));
}

/// False: the node ends, which leaves one attempt.
bool trace_exporter::send(const batch& what, const std::stop_token& stop) {
  auto time = std::chrono::milliseconds{first_pause};
  for (unsigned failed = 0; failed < most_attempts; ++failed, time *= 2) {
    if (failed > 0)
      pause(time, stop);
    if (stop.stop_requested())
      return false;
    if (attempt(what, attempt_limit, stop))
      return true;
  }
  if (stop.stop_requested())
    return false;
  spans_->count_lost(what.size());
  return true;
}

bool trace_exporter::attempt(const batch& what, std::chrono::milliseconds limit, const std::stop_token& stop) {
  try {
    to_->write(to_otlp_json(what, of_), limit, stop);
    spans_->count_exported(what.size());
    if (std::exchange(fails_, false))
      spdlog::info("traces are exported again");
    return true;
  } catch (const std::exception& e) {
    if (!stop.stop_requested() && !std::exchange(fails_, true))
      spdlog::warn("traces cannot be exported: {}", e.what());
    return false;
  }
}

void trace_exporter::send_last(batch what) {
  const auto end = clock::now() + last_limit;
  if (what.empty())
    what = spans_->take(0ms, {});
  bool arrives = true;
  for (; !what.empty(); what = spans_->take(0ms, {})) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now());
    arrives = arrives && left.count() > 0 && attempt(what, left, {});
    if (!arrives)
      spans_->count_lost(what.size());
  }
}

} // namespace troupe::gateway
