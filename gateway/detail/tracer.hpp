#pragma once

#include "actors/detail/span.hpp"
#include "actors/messages/request.hpp"
#include "config/settings.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string_view>

namespace troupe::gateway {

/// What a request that belongs to a trace has beside.
struct request_trace {
  explicit request_trace(const trace_context& where) : place(where) {}

  trace_context place;                   // what is sent on with the request
  std::optional<detail::open_span> span; // of a trace that is sampled
};

/// Tells on one event loop which requests belong to a trace, and sees to it that what they say of it is true.
class tracer {
public:
  struct options {
    config::trace_source accept = config::trace_source::none;
    double sample = 0;
    std::shared_ptr<detail::span_queue> spans; // null: spans are not recorded, and no trace is begun
  };

  explicit tracer(options how);

  /// Null for most. Afterwards the request has one traceparent field, its last one, if it belongs to a trace, and
  /// none otherwise. `brings_one`: it may have one by now; `trusted`: its client is.
  [[nodiscard]] std::unique_ptr<request_trace> begin(request& what, bool brings_one, bool trusted) {
    if (!brings_one && --until_next_ != 0) [[likely]]
      return nullptr;
    return begin_or_not(what, brings_one, trusted);
  }

private:
  std::unique_ptr<request_trace> begin_or_not(request& what, bool brings_one, bool trusted);
  std::unique_ptr<request_trace> go_on(request& what, const trace_context& from);
  std::unique_ptr<request_trace> begin_anew(request& what);
  void draw() noexcept;

  options options_;
  std::minstd_rand random_;
  std::uint64_t until_next_ = 0; // requests up to the one that a trace is begun for
};

/// What the one traceparent field says; nothing when there are several, or it is malformed.
[[nodiscard]] std::optional<trace_context> incoming_trace(const header_list& fields) noexcept;

} // namespace troupe::gateway
