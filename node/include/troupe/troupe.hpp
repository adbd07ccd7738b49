#pragma once

// Everything a service author needs, in one include.
#include "actors/actor_options.hpp"
#include "actors/block_on.hpp"
#include "actors/broadcast.hpp"
#include "actors/body_stream.hpp"
#include "actors/body_writer.hpp"
#include "actors/channel.hpp"
#include "actors/combine.hpp"
#include "actors/context.hpp"
#include "actors/database.hpp"
#include "actors/events.hpp"
#include "actors/files.hpp"
#include "actors/form.hpp"
#include "actors/idempotent_transaction.hpp"
#include "actors/join_handle.hpp"
#include "actors/keyed.hpp"
#include "actors/messages/errc.hpp"
#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/multipart.hpp"
#include "actors/oneshot.hpp"
#include "actors/service.hpp"
#include "actors/sleep.hpp"
#include "actors/stateful.hpp"
#include "actors/task.hpp"
#include "actors/topic.hpp"
#include "actors/watch.hpp"
#include "actors/websocket.hpp"
#include "actors/websocket_actor.hpp"
#include "config/units.hpp"
#include "node/run.hpp"

#include <nlohmann/json.hpp>

namespace troupe {

using config::parse_duration;

} // namespace troupe
