#include "actors/cluster/topic_lane.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

/// An answer for so much: far less than a lane takes, so that it is not held up.
constexpr std::uint32_t messages_for_credit = topic_lane::most_messages / 16;
constexpr std::size_t bytes_for_credit = topic_lane::most_bytes / 16;

} // namespace

std::optional<std::uint64_t> topic_lane::admit(const std::string& topic, const std::string& text,
                                               std::uint64_t missed) {
  if (messages_ >= most_messages || bytes_ >= most_bytes) {
    left_out_[topic] += missed + 1;
    return std::nullopt;
  }
  ++messages_;
  bytes_ += topic.size() + text.size();
  auto before = left_out_.empty() ? decltype(left_out_)::node_type{} : left_out_.extract(topic);
  return missed + (before ? before.mapped() : 0);
}

std::vector<topic_message> topic_lane::on_credit(topic_credit what) {
  messages_ -= std::min<std::size_t>(messages_, what.messages);
  bytes_ -= std::min<std::size_t>(bytes_, what.bytes);
  std::vector<topic_message> out;
  if (messages_ < most_messages / 2 && bytes_ < most_bytes / 2)
    for (const auto& [topic, missed] : std::exchange(left_out_, {})) {
      auto& made = out.emplace_back();
      made.topic = topic;
      made.missed = missed;
    }
  return out;
}

std::optional<topic_credit> topic_reader::on_read(const topic_message& what) {
  if (what.text.empty())
    return std::nullopt; // it has gone past the lane
  ++due_.messages;
  due_.bytes += what.topic.size() + what.text.size();
  if (due_.messages < messages_for_credit && due_.bytes < bytes_for_credit)
    return std::nullopt;
  return std::exchange(due_, {});
}

} // namespace troupe
