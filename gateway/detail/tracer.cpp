#include "gateway/detail/tracer.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace troupe::gateway {

namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

std::string name_of(const request& what) {
  return std::string{to_string(what.method)};
}

bool is_trace_field(std::string_view name) noexcept {
  return equals_ignore_case(name, traceparent_field) || equals_ignore_case(name, tracestate_field);
}

} // namespace

std::optional<trace_context> incoming_trace(const header_list& fields) noexcept {
  std::optional<std::string_view> found;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (const auto [name, value] = fields[i]; equals_ignore_case(name, traceparent_field))
      if (std::exchange(found, value))
        return std::nullopt;
  return found ? trace_context::parse(*found) : std::nullopt;
}

tracer::tracer(options how) : options_(std::move(how)), random_(std::random_device{}()) {
  draw();
}

/// How many requests it takes until one is sampled: as if each were by chance, at the cost of one.
void tracer::draw() noexcept {
  if (!options_.spans || options_.sample <= 0) {
    until_next_ = never;
  } else if (options_.sample >= 1) {
    until_next_ = 1;
  } else {
    const double chance = std::uniform_real_distribution<double>{}(random_); // less than 1
    const double passed = std::floor(std::log1p(-chance) / std::log1p(-options_.sample));
    until_next_ = passed < 1e18 ? static_cast<std::uint64_t>(passed) + 1 : never;
  }
}

std::unique_ptr<request_trace> tracer::begin_or_not(request& what, bool brings_one, bool trusted) {
  if (brings_one) {
    const bool is_accepted = options_.accept == config::trace_source::any
                             || (options_.accept == config::trace_source::trusted && trusted);
    if (is_accepted)
      if (const auto from = incoming_trace(what.headers))
        return go_on(what, *from);
    what.headers.remove_if(is_trace_field);
    if (--until_next_ != 0)
      return nullptr;
  }
  draw();
  if (!options_.spans) // after as many requests as there can be
    return nullptr;
  return begin_anew(what);
}

std::unique_ptr<request_trace> tracer::go_on(request& what, const trace_context& from) {
  auto out = std::make_unique<request_trace>(from);
  if (options_.spans && from.sampled()) {
    out->span.emplace(options_.spans, from, detail::span_kind::server, name_of(what));
    out->place = out->span->place();
  }
  what.headers.set(traceparent_field, out->place.traceparent());
  return out;
}

std::unique_ptr<request_trace> tracer::begin_anew(request& what) {
  auto out = std::make_unique<request_trace>(trace_context::begin(true));
  out->span.emplace(options_.spans, detail::span_kind::server, name_of(what));
  out->place = out->span->place();
  what.headers.remove_if(is_trace_field); // tracestate says something of another one
  what.headers.add(traceparent_field, out->place.traceparent());
  return out;
}

} // namespace troupe::gateway
