#include "actors/messages/type_ids.hpp"

#include "actors/messages/cluster.hpp"
#include "actors/messages/topics.hpp"

#include <caf/actor_system_config.hpp>

namespace troupe {

void register_messages(caf::actor_system_config& config) {
  // Append only: docs/wire.md lists these names with the version that brought them.
  config.add_message_type<hello>("troupe.hello");
  config.add_message_type<welcome>("troupe.welcome");
  config.add_message_type<refusal>("troupe.refusal");
  config.add_message_type<join_request>("troupe.join_request");
  config.add_message_type<leave_request>("troupe.leave_request");
  config.add_message_type<request_batch>("troupe.request_batch");
  config.add_message_type<response_batch>("troupe.response_batch");
  config.add_message_type<call_id>("troupe.call_id");
  config.add_message_type<request>("troupe.request");
  config.add_message_type<response>("troupe.response");
  config.add_message_type<failure>("troupe.failure");
  config.add_message_type<leaving>("troupe.leaving");
  config.add_message_type<farewell>("troupe.farewell");
  config.add_message_type<probe>("troupe.probe");
  config.add_message_type<stream_request>("troupe.stream_request");
  config.add_message_type<stream_start>("troupe.stream_start");
  config.add_message_type<body_part>("troupe.body_part");
  config.add_message_type<body_credit>("troupe.body_credit");
  config.add_message_type<request_abandoned>("troupe.request_abandoned");
  config.add_message_type<peer_list>("troupe.peer_list");
  config.add_message_type<peer_message>("troupe.peer_message");
  config.add_message_type<stop_request>("troupe.stop_request");
  config.add_message_type<gateway_request>("troupe.gateway_request");
  config.add_message_type<gateway_list>("troupe.gateway_list");
  config.add_message_type<topic_interest>("troupe.topic_interest");
  config.add_message_type<topic_message>("troupe.topic_message");
  config.add_message_type<topic_credit>("troupe.topic_credit");
}

} // namespace troupe
