#include "actors/topic.hpp"

#include "actors/messages/errc.hpp"
#include "actors/messages/quoted.hpp"
#include "actors/messages/topics.hpp"

#include <stdexcept>

namespace troupe::detail {

void check_topic(const std::string& name) {
  if (name.empty() || name.size() > longest_topic_name)
    throw error{errc::invalid_argument, "the name of a topic has 1 to " + std::to_string(longest_topic_name)
                                          + " bytes, this one has " + std::to_string(name.size())};
}

void check_subscription(const std::string& topic, const subscription_options& how) {
  if (how.capacity == 0)
    throw error{errc::invalid_argument,
                "a subscription to topic " + detail::quoted(topic) + " keeps at least one value"};
}

std::string publication_text(const std::string& topic, const nlohmann::json& value) {
  std::string text;
  try {
    text = value.dump();
  } catch (const nlohmann::json::type_error& e) {
    throw error{errc::invalid_argument,
                "what is published on topic " + detail::quoted(topic) + " is not UTF-8: " + e.what()};
  }
  if (text.size() > longest_publication)
    throw error{errc::invalid_argument, "what is published on topic " + detail::quoted(topic) + " is "
                                          + std::to_string(text.size()) + " bytes of JSON, more than "
                                          + std::to_string(longest_publication)};
  return text;
}

std::shared_ptr<topic_registry> topics_of(const host& owner) {
  if (!owner.node().topics)
    throw std::logic_error{"this node has no topics"};
  return owner.node().topics;
}

} // namespace troupe::detail
