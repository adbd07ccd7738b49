#pragma once

namespace troupe {

struct route_announcement;
struct service_announcement;

} // namespace troupe
