#pragma once

#include "gateway/detail/latency_histogram.hpp"

#include <prometheus/metric_family.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {

/// A page of metrics that is being written. Nothing is counted here: values come from elsewhere, once.
class metric_families {
public:
  /// Names are ours, values may hold any bytes.
  using labels = std::vector<std::pair<std::string, std::string>>;

  /// The metrics of one name, which differ in their labels.
  class family {
  public:
    explicit family(prometheus::MetricFamily what) : what_(std::move(what)) {}

    void add(const labels& of, double value);
    void add(const labels& of, const latency_histogram& value);

  private:
    friend class metric_families;
    prometheus::MetricFamily what_;
  };

  /// Each of these begins a family. REQUIRES: the name is new.
  family& counter(std::string name, std::string help);
  family& gauge(std::string name, std::string help);
  family& histogram(std::string name, std::string help);

  /// In the text format of Prometheus; families without metrics are left out.
  [[nodiscard]] std::string text() const;

private:
  family& begin(std::string name, std::string help, prometheus::MetricType type);

  std::deque<family> families_; // which stay where they are
};

} // namespace troupe::gateway
