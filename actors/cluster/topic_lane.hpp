#pragma once

#include "actors/messages/topics.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

/// One way that values of topics go, seen from where they come from: what has been sent and not been read at the other
/// end is bounded, as a connection takes whatever it is given. What comes on top is left out and counted by topic.
/// Messages without a value go past it.
class topic_lane {
public:
  static constexpr std::size_t most_messages = 1'024;
  static constexpr std::size_t most_bytes = 8U << 20U;

  /// How many of its topic were missed before a value, if it is to be sent now; none: it is left out. `missed`: on its
  /// way here.
  [[nodiscard]] std::optional<std::uint64_t> admit(const std::string& topic, const std::string& text,
                                                   std::uint64_t missed = 0);

  /// The other end has read so much. Messages that tell of all that was left out, to be sent now; none as long as the
  /// lane is nearly full.
  [[nodiscard]] std::vector<topic_message> on_credit(topic_credit what);

private:
  std::size_t messages_ = 0; // under way
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, std::uint64_t> left_out_;
};

/// The other end of a lane: when it tells that it has read.
class topic_reader {
public:
  /// Called for each message: what is to be answered, now and then.
  [[nodiscard]] std::optional<topic_credit> on_read(const topic_message& what);

private:
  topic_credit due_;
};

} // namespace troupe
