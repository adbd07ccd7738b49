#include "actors/detail/span.hpp"

#include "actors/detail/span_queue.hpp"

namespace troupe::detail {

namespace {

constexpr const char* given_up = "given up";

} // namespace

open_span::open_span(std::shared_ptr<span_queue> to, const trace_context& parent, span_kind kind, std::string name)
  : to_(std::move(to)), begun_(std::chrono::steady_clock::now()),
    what_{parent.below(), std::string{parent.parent_id()}, kind, std::move(name), std::chrono::system_clock::now(),
          {}, {}, given_up} {}

open_span::open_span(std::shared_ptr<span_queue> to, span_kind kind, std::string name)
  : to_(std::move(to)), begun_(std::chrono::steady_clock::now()),
    what_{trace_context::begin(true), {}, kind, std::move(name), std::chrono::system_clock::now(), {}, {}, given_up} {}

open_span::~open_span() {
  what_.took = std::chrono::steady_clock::now() - begun_;
  to_->add(std::move(what_));
}

void open_span::set(std::string_view key, std::string_view value) {
  slot_of(key) = std::string{value.substr(0, longest_attribute)};
}

std::variant<std::int64_t, std::string>& open_span::slot_of(std::string_view key) {
  for (auto& [known, value] : what_.attributes)
    if (known == key)
      return value;
  return what_.attributes.emplace_back(key, std::int64_t{0}).second;
}

} // namespace troupe::detail
