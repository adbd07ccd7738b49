#include "actors/detail/topic_registry.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/messages/topics.hpp"

#include <algorithm>

namespace troupe::detail {

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
  if (!alone_.load())
    deliver(to_caf(desk_), nullptr, topic_publication{topic, text});
  bring(topic, std::move(text), 0);
}

template <class F>
void topic_registry::at_each_hub(F f) {
  hubs_.for_each([&](hub& each, loop_door& loop) {
    if (each.listens.load())
      run_on_loop(loop, [f, to = &each, self = shared_from_this()] { f(*to); });
  });
}

void topic_registry::bring(const std::string& topic, std::shared_ptr<const std::string> text, std::uint64_t missed) {
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
