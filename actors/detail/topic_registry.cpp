#include "actors/detail/topic_registry.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/messages/topics.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace troupe::detail {

namespace {

/// To the desk, in bytes; each value counts some more, for what it takes beside its text.
constexpr std::size_t most_on_its_way = 64U << 20U;
constexpr std::size_t least_size = 256;

} // namespace

topic_seat::topic_seat(std::shared_ptr<topic_registry> of, std::string topic, std::size_t capacity, bool wants_gaps)
  : of_(std::move(of)), topic_(std::move(topic)), in_(of_->subscribe(topic_, capacity, wants_gaps)) {}

topic_seat::~topic_seat() {
  of_->unsubscribe(topic_, in_);
}

void topic_seat::on_unreadable(std::uint64_t missed_before, const char* why) {
  in_->miss_first(missed_before + 1); // not kept by who has received it, who may be given up
  if (!std::exchange(unreadable_told_, true))
    spdlog::error("a value on topic \"{}\" is not of the type that a subscription expects, and is left out: {}", topic_,
                  why);
}

std::shared_ptr<topic_inbox> topic_registry::subscribe(const std::string& topic, std::size_t capacity,
                                                       bool wants_gaps) {
  auto& mine = hubs_.own();
  auto made = std::make_shared<topic_inbox>(capacity);
  auto& seats = mine.topics[topic];
  seats.push_back({made, wants_gaps});
  mine.listens.store(true);
  if (seats.size() == 1)
    tell_desk(topic, true);
  return made;
}

void topic_registry::unsubscribe(const std::string& topic, const std::shared_ptr<topic_inbox>& which) noexcept {
  auto* mine = hubs_.find(); // none after the end of the loop
  const auto found = mine != nullptr ? mine->topics.find(topic) : decltype(mine->topics.end()){};
  if (mine == nullptr || found == mine->topics.end())
    return;
  std::erase_if(found->second, [&](const seat& each) { return each.in == which; });
  if (!found->second.empty())
    return;
  mine->topics.erase(found);
  mine->listens.store(!mine->topics.empty());
  tell_desk(topic, false);
}

void topic_registry::tell_desk(const std::string& topic, bool begins) const {
  deliver(to_caf(desk_), nullptr, topic_demand{topic, begins});
}

void topic_registry::publish(const std::string& topic, std::shared_ptr<const std::string> text) {
  if (const auto size = text->size() + least_size; !alone_.load()) {
    if (on_its_way_.fetch_add(size) < most_on_its_way) {
      deliver(to_caf(desk_), nullptr, topic_publication{topic, text});
    } else {
      on_its_way_.fetch_sub(size);
      left_out_.store(true);
    }
  }
  published_.fetch_add(1, std::memory_order_relaxed);
  give(topic, std::move(text), 0);
}

bool topic_registry::on_taken(std::size_t bytes) noexcept {
  on_its_way_.fetch_sub(bytes + least_size);
  return left_out_.load() && left_out_.exchange(false);
}

template <class F>
void topic_registry::at_each_hub(F f) {
  hubs_.for_each([&](hub& each, loop_door& loop) {
    if (each.listens.load())
      run_on_loop(loop, [f, to = &each, self = shared_from_this()] { f(*to); });
  });
}

void topic_registry::bring(const std::string& topic, std::shared_ptr<const std::string> text, std::uint64_t missed) {
  received_.fetch_add(text ? 1 : 0, std::memory_order_relaxed);
  missed_.fetch_add(missed, std::memory_order_relaxed);
  give(topic, std::move(text), missed);
}

void topic_registry::give(const std::string& topic, std::shared_ptr<const std::string> text, std::uint64_t missed) {
  at_each_hub([topic, text, missed](hub& to) { to.bring(topic, text, missed); });
}

void topic_registry::tell_gap() {
  at_each_hub([](hub& to) { to.tell_gap(); });
}

void topic_registry::hub::bring(const std::string& topic, const std::shared_ptr<const std::string>& text,
                                std::uint64_t missed) {
  const auto found = topics.find(topic);
  if (found == topics.end())
    return;
  for (const auto& each : found->second)
    if (text) {
      each.in->miss(missed);
      each.in->put(text);
    } else {
      each.put_gap(missed);
    }
}

void topic_registry::hub::tell_gap() {
  for (const auto& [topic, seats] : topics)
    for (const auto& each : seats)
      each.put_gap(0);
}

/// One gap says as much as two, one behind the other.
void topic_registry::seat::put_gap(std::uint64_t missed) const {
  in->miss(missed);
  const auto* newest = in->newest();
  if (wants_gaps && (newest == nullptr || *newest != nullptr))
    in->put(nullptr);
}

} // namespace troupe::detail
