#pragma once

#include "actors/detail/event_loop.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <string>

/// For targets that run what belongs to an event loop: the loop, and the client's end of a connection.
namespace troupe::fuzz {

struct runtime {
  caf::actor_system_config config;
  caf::actor_system system{[this]() -> caf::actor_system_config& {
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", std::size_t{1});
    return config;
  }()};
  detail::event_loop loop{system, 0};
};

/// A loop that runs when it is told to. Never destroyed: CAF's own globals would be gone by then.
inline detail::event_loop& loop() {
  static auto& made = *new runtime;
  return made.loop;
}

/// Runs all that is ready, and what that makes ready, until nothing is left to do.
inline void poll() {
  constexpr int more_than_any_input_needs = 100'000;
  for (int i = 0; i < more_than_any_input_needs; ++i)
    if (!loop().poll())
      return;
  finding("the loop does not come to rest");
}

/// What has come for the client since the last time. `ended`: nothing more will.
struct arrived {
  std::string bytes;
  bool ended = false;
};

inline arrived drain(int client) {
  arrived out;
  char some[4096];
  ssize_t got = 0;
  while ((got = ::recv(client, some, sizeof some, MSG_DONTWAIT)) > 0)
    out.bytes.append(some, static_cast<std::size_t>(got));
  out.ended = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  return out;
}

} // namespace troupe::fuzz
