#pragma once

// Everything a service author needs, in one include.
#include "actors/channel.hpp"
#include "actors/context.hpp"
#include "actors/database.hpp"
#include "actors/join_handle.hpp"
#include "actors/messages/errc.hpp"
#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/service.hpp"
#include "actors/stateful.hpp"
#include "actors/task.hpp"
#include "config/units.hpp"
#include "node/run.hpp"

#include <nlohmann/json.hpp>

namespace troupe {

using config::parse_duration;

} // namespace troupe
