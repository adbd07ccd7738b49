#pragma once

#include "actors/messages/trace_context.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::detail {

class span_queue;

/// As OTLP numbers them.
enum class span_kind : std::uint8_t { internal = 1, server = 2, client = 3 };

/// A piece of the work for a request that is traced, when it has ended.
struct span {
  using attribute = std::pair<std::string_view, std::variant<std::int64_t, std::string>>; // names are literals

  trace_context place;   // its own id in it
  std::string parent;    // the id of the one above; empty: it is the first of the trace
  span_kind kind = span_kind::internal;
  std::string name;
  std::chrono::system_clock::time_point begun;
  std::chrono::nanoseconds took{0};
  std::vector<attribute> attributes;
  std::optional<std::string> failed; // why
};

/// A span that is under way: it goes into the queue when it is destroyed, as failed unless somebody has said before
/// what became of it.
class open_span {
public:
  /// Below `parent`.
  open_span(std::shared_ptr<span_queue> to, const trace_context& parent, span_kind kind, std::string name);
  /// The first one of a new trace, which is sampled.
  open_span(std::shared_ptr<span_queue> to, span_kind kind, std::string name);
  open_span(const open_span&) = delete;
  open_span& operator=(const open_span&) = delete;
  ~open_span();

  /// For what is below it.
  [[nodiscard]] const trace_context& place() const noexcept { return what_.place; }

  void rename(std::string name) { what_.name = std::move(name); }
  /// In place of what it was.
  void set(std::string_view key, std::int64_t value) { slot_of(key) = value; }
  /// At most `longest_attribute` bytes of it.
  void set(std::string_view key, std::string_view value);
  void succeed() noexcept { what_.failed.reset(); }
  void fail(std::string why) { what_.failed = std::move(why); }

  static constexpr std::size_t longest_attribute = 2048;

private:
  std::variant<std::int64_t, std::string>& slot_of(std::string_view key);

  std::shared_ptr<span_queue> to_;
  std::chrono::steady_clock::time_point begun_;
  span what_;
};

} // namespace troupe::detail
