#include "gateway/detail/metric_families.hpp"

#include "config/detail/utf8.hpp"

#include <prometheus/text_serializer.h>

#include <limits>
#include <string_view>

namespace troupe::gateway {

namespace {

/// A page with one byte that is no UTF-8 is refused by Prometheus as a whole.
std::string as_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = config::detail::character_length(text);
    if (length == 0)
      out.append("\xEF\xBF\xBD"); // U+FFFD
    else
      out.append(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

prometheus::ClientMetric metric_of(const metric_families::labels& of) {
  prometheus::ClientMetric out;
  for (const auto& [name, value] : of)
    out.label.push_back({name, as_utf8(value)});
  return out;
}

double in_seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>{time}.count();
}

} // namespace

void metric_families::family::add(const labels& of, double value) {
  auto made = metric_of(of);
  (what_.type == prometheus::MetricType::Counter ? made.counter.value : made.gauge.value) = value;
  what_.metric.push_back(std::move(made));
}

void metric_families::family::add(const labels& of, const latency_histogram& value) {
  auto made = metric_of(of);
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i) {
    const auto is_last = i + 1 == latency_histogram::bucket_count;
    so_far += value.count(i);
    made.histogram.bucket.push_back({so_far, is_last ? std::numeric_limits<double>::infinity()
                                                     : in_seconds(latency_histogram::bound_of(i))});
  }
  made.histogram.sample_count = so_far;
  made.histogram.sample_sum = in_seconds(value.sum());
  what_.metric.push_back(std::move(made));
}

metric_families::family& metric_families::begin(std::string name, std::string help,
                                                prometheus::MetricType type) {
  prometheus::MetricFamily made;
  made.name = std::move(name);
  made.help = std::move(help);
  made.type = type;
  return families_.emplace_back(std::move(made));
}

metric_families::family& metric_families::counter(std::string name, std::string help) {
  return begin(std::move(name), std::move(help), prometheus::MetricType::Counter);
}

metric_families::family& metric_families::gauge(std::string name, std::string help) {
  return begin(std::move(name), std::move(help), prometheus::MetricType::Gauge);
}

metric_families::family& metric_families::histogram(std::string name, std::string help) {
  return begin(std::move(name), std::move(help), prometheus::MetricType::Histogram);
}

std::string metric_families::text() const {
  std::vector<prometheus::MetricFamily> present;
  for (const auto& each : families_)
    if (!each.what_.metric.empty())
      present.push_back(each.what_);
  return prometheus::TextSerializer{}.Serialize(present);
}

} // namespace troupe::gateway
