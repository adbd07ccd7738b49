#include "actors/cluster/topic_lane.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

/// An answer for so much: far less than a lane takes, so that it is not held up.
constexpr std::uint32_t messages_for_credit = topic_lane::most_messages / 16;
constexpr std::size_t bytes_for_credit = topic_lane::most_bytes / 16;

std::size_t size_of(const topic_message& what) noexcept {
  return what.topic.size() + what.text.size();
}

} // namespace

bool topic_lane::admit(topic_message& what) {
  if (messages_ >= most_messages || bytes_ >= most_bytes) {
    left_out_[what.topic] += what.missed + (what.text.empty() ? 0 : 1);
    return false;
  }
  if (!left_out_.empty())
    if (auto before = left_out_.extract(what.topic))
      what.missed += before.mapped();
  ++messages_;
  bytes_ += size_of(what);
  return true;
}

std::vector<topic_message> topic_lane::on_credit(topic_credit what) {
  messages_ -= std::min<std::size_t>(messages_, what.messages);
  bytes_ -= std::min<std::size_t>(bytes_, what.bytes);
  std::vector<topic_message> out;
  while (!left_out_.empty() && messages_ < most_messages / 2 && bytes_ < most_bytes / 2) {
    topic_message next{{}, left_out_.begin()->first, {}, 0};
    if (admit(next))
      out.push_back(std::move(next));
  }
  return out;
}

std::optional<topic_credit> topic_reader::on_read(const topic_message& what) {
  ++due_.messages;
  due_.bytes += size_of(what);
  if (due_.messages < messages_for_credit && due_.bytes < bytes_for_credit)
    return std::nullopt;
  return std::exchange(due_, {});
}

} // namespace troupe
