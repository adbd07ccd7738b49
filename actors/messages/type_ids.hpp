#pragma once

namespace caf {
class actor_system_config;
}

namespace troupe {

/// Registers every message that crosses nodes under its name on the wire.
void register_messages(caf::actor_system_config& config);

} // namespace troupe
