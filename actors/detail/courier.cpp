#include "actors/detail/courier.hpp"

#include "actors/detail/event_loop.hpp"

namespace troupe::detail {

namespace {

constexpr std::uint32_t index_of(std::uint64_t id) noexcept {
  return static_cast<std::uint32_t>(id);
}

} // namespace

std::uint64_t courier::expect(pending_reply& waiting) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    free_.reserve(slots_.capacity()); // so that `forget` never has to allocate
  }
  const auto index = free_.back();
  free_.pop_back();
  auto& made = slots_[index];
  made.waiting = &waiting;
  waiting.id_ = (std::uint64_t{++made.generation} << 32) | index;
  return waiting.id_;
}

void courier::forget(std::uint64_t id) noexcept {
  slots_[index_of(id)].waiting = nullptr;
  free_.push_back(index_of(id));
}

void courier::resolve(std::uint64_t id, reply&& value) {
  const auto index = index_of(id);
  if (index >= slots_.size() || slots_[index].waiting == nullptr
      || slots_[index].generation != id >> 32) {
    if (auto* held = std::get_if<held_connection>(&value))
      release_connection(*held); // the asker has gone
    return;
  }
  auto& waiting = *slots_[index].waiting;
  forget(id);
  waiting.id_ = 0;
  waiting.value = std::move(value);
  loop_.resume(waiting);
}

} // namespace troupe::detail
