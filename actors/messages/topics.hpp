#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// In bytes.
inline constexpr std::size_t longest_topic_name = 255;

/// Node -> gateway node: the topics that somebody there listens to from now on, and those that nobody does any more.
struct topic_interest {
  std::vector<std::string> begun;
  std::vector<std::string> ended;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, topic_interest& x) {
    return f(x.begun, x.ended);
  }
};

/// What was published, from a node to a gateway, and from there to each node that listens.
struct topic_message {
  /// The nodes that it is for, by `join_request::id`; none on the way from the gateway.
  std::vector<std::uint64_t> to;
  /// Who has published it, the same; 0 on the way to the gateway, and of what the gateway itself has to tell.
  std::uint64_t from = 0;
  /// Of who has published it: higher from the message without a topic on that is sent by a new way. What is
  /// lower has come by an older one.
  std::uint32_t epoch = 0;
  /// None: all topics; `text` is empty then.
  std::string topic;
  /// JSON. None: it only tells that something is missing: `missed`, or nobody knows how many (0).
  std::string text;
  /// So many of the topic were left out before this one, as they came faster than they went.
  std::uint64_t missed = 0;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, topic_message& x) {
    return f(x.to, x.from, x.epoch, x.topic, x.text, x.missed);
  }
};

/// Answer to `topic_message`s: so many have been read since the last answer.
struct topic_credit {
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0; ///< of topics and texts

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, topic_credit& x) {
    return f(x.messages, x.bytes);
  }
};

/// Message to the peer_desk, of this node: one event loop more, or one less, listens to the topic.
struct topic_demand {
  std::string topic;
  bool begins = true;
};

/// Message to the peer_desk, of this node: for the others.
struct topic_publication {
  std::string topic;
  std::shared_ptr<const std::string> text;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::topic_demand)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::topic_publication)
