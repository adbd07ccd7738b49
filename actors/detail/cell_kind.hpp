#pragma once

#include "actors/actor_options.hpp"
#include "actors/task.hpp"

#include <string>

namespace troupe {
class context;
}

namespace troupe::detail {

/// What stateful actors that are made alike have in common.
struct cell_kind {
  const std::string* label = nullptr; // from `intern`
  actor_options options;
};

/// Keeps the state of an actor in some other place. Every task runs on the actor's loop.
class state_keeper {
public:
  virtual ~state_keeper() = default;
  virtual task<void> load(context& ctx, void* state) = 0;
  /// Whether `save` has something to do after a message.
  [[nodiscard]] virtual bool must_save(const void* state) = 0;
  virtual task<void> save(context& ctx, const void* state) = 0;
  /// Whether something is still to be saved when the actor ends in an orderly way.
  [[nodiscard]] virtual bool must_save_at_end(const void* state) = 0;
};

/// Hears of an actor's end.
class end_watcher {
public:
  virtual ~end_watcher() = default;
  /// On the loop of the actor that has ended. `why` is empty for an orderly end.
  virtual void actor_ended(const std::string& why) = 0;
};

} // namespace troupe::detail
