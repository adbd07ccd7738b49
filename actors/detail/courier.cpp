#include "actors/detail/courier.hpp"

#include "actors/detail/event_loop.hpp"
#include "actors/detail/key_loader.hpp"

namespace troupe::detail {

namespace {

constexpr std::uint32_t index_of(std::uint64_t id) noexcept {
  return static_cast<std::uint32_t>(id);
}

} // namespace

std::uint64_t reply_receiver::forget() noexcept {
  const auto id = std::exchange(id_, 0);
  if (id != 0)
    courier_.forget(id);
  return id;
}

courier::courier(event_loop& loop) : loop_(loop), loader_(std::make_unique<key_loader>(loop)) {}

courier::~courier() {
  loader_.reset(); // forgets calls
}

std::uint64_t courier::take_slot(pending_reply* waiting, reply_receiver* receiver) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    free_.reserve(slots_.capacity()); // so that `forget` never has to allocate
  }
  const auto index = free_.back();
  free_.pop_back();
  auto& made = slots_[index];
  made.waiting = waiting;
  made.receiver = receiver;
  return (std::uint64_t{++made.generation} << 32) | index;
}

std::uint64_t courier::expect(pending_reply& waiting) {
  return waiting.id_ = take_slot(&waiting, nullptr);
}

std::uint64_t courier::expect(reply_receiver& waiting) {
  return waiting.id_ = take_slot(nullptr, &waiting);
}

void courier::forget(std::uint64_t id) noexcept {
  slots_[index_of(id)].waiting = nullptr;
  slots_[index_of(id)].receiver = nullptr;
  free_.push_back(index_of(id));
}

void courier::resolve(std::uint64_t id, reply&& value) {
  if (auto* waiting = take_waiting(id)) {
    waiting->value = std::move(value);
    return loop_.resume(*waiting);
  }
  auto* receiver = is_expected(id) ? slots_[index_of(id)].receiver : nullptr;
  if (receiver == nullptr)
    return drop(std::move(value));
  forget(id);
  receiver->id_ = 0;
  receiver->on_reply(std::move(value));
}

void courier::resolve_soon(std::uint64_t id, reply&& value) {
  auto* waiting = take_waiting(id);
  waiting->value = std::move(value);
  loop_.resume_soon(*waiting);
}

bool courier::is_expected(std::uint64_t id) const noexcept {
  const auto index = index_of(id);
  return index < slots_.size() && slots_[index].generation == id >> 32;
}

/// The coroutine that waits for it, if one does; not any more.
pending_reply* courier::take_waiting(std::uint64_t id) noexcept {
  auto* waiting = is_expected(id) ? slots_[index_of(id)].waiting : nullptr;
  if (waiting != nullptr) {
    forget(id);
    waiting->id_ = 0;
  }
  return waiting;
}

/// Nobody waits for it any more.
void courier::drop(reply&& value) {
  if (auto* held = std::get_if<held_connection>(&value))
    release_connection(*held);
}

} // namespace troupe::detail
