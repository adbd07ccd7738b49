#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::test {

/// A page of metrics in the text format of Prometheus, version 0.0.4.
struct exposition {
  using labels = std::map<std::string, std::string>;

  struct sample {
    std::string name;
    labels of;
    double value = 0;
  };

  std::map<std::string, std::string> types; // of families
  std::vector<sample> samples;

  /// Of the one sample with this name and these labels; throws std::out_of_range when there is none.
  [[nodiscard]] double value(std::string_view name, const labels& of = {}) const;
  /// Of all samples with this name that have these labels, whatever others they have.
  [[nodiscard]] double sum(std::string_view name, const labels& with = {}) const;
  [[nodiscard]] bool has(std::string_view name, const labels& of = {}) const;
};

/// Throws std::runtime_error, naming the line, for what is not to the letter: a sample before HELP and TYPE of its
/// family or apart from it, one twice, an unknown escape, an unfinished line, bytes that are no UTF-8, counters that
/// are not called _total, histograms whose buckets do not add up.
exposition parse_exposition(std::string_view text);

/// The page of the admin listener on that port; throws as well when it is not answered with 200.
exposition metrics_at(std::uint16_t admin_port);

} // namespace troupe::test
