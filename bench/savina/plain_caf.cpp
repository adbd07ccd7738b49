// The same benchmarks as actors of CAF, on its scheduler as it is by default.
#include "bench/savina/savina.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <random>
#include <vector>

namespace savina::plain_caf {

namespace {

using namespace caf;

using ping_atom = atom_constant<atom("ping")>;
using pong_atom = atom_constant<atom("pong")>;
using start_atom = atom_constant<atom("start")>;
using increment_atom = atom_constant<atom("increment")>;
using report_atom = atom_constant<atom("report")>;
using done_atom = atom_constant<atom("done")>;
using work_atom = atom_constant<atom("work")>;
using token_atom = atom_constant<atom("token")>;
using link_atom = atom_constant<atom("link")>;

/// Runs `work(system, self)`, then waits for (done, result) and checks the result.
template <class F>
double timed(const char* what, std::int64_t expected, F work, std::vector<actor>& left) {
  actor_system_config config;
  actor_system system{config};
  scoped_actor self{system};
  const auto begun = std::chrono::steady_clock::now();
  work(system, actor_cast<actor>(self));
  std::int64_t result = -1;
  self->receive([&](done_atom, std::int64_t value) { result = value; });
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  expect(result, expected, what);
  for (const auto& each : left)
    anon_send_exit(each, exit_reason::user_shutdown); // the system waits for all of its actors
  return took.count();
}

template <class F>
double timed(const char* what, std::int64_t expected, F work) {
  std::vector<actor> none;
  return timed(what, expected, work, none);
}

// -- ping-pong --------------------------------------------------------------------------------------

behavior pong_actor(event_based_actor* self) {
  return {
    [=](ping_atom, const actor& from) { self->send(from, pong_atom::value); },
  };
}

behavior ping_actor(stateful_actor<int>* self, actor other, actor done) {
  self->state = 0;
  return {
    [=](start_atom) { self->send(other, ping_atom::value, actor{self}); },
    [=](pong_atom) {
      if (++self->state < ping_pong_messages) {
        self->send(other, ping_atom::value, actor{self});
        return;
      }
      self->send(done, done_atom::value, std::int64_t{self->state});
      self->send_exit(other, exit_reason::user_shutdown);
      self->quit();
    },
  };
}

// -- counting ---------------------------------------------------------------------------------------

behavior counter(stateful_actor<std::int64_t>* self) {
  self->state = 0;
  return {
    [=](increment_atom) { ++self->state; },
    [=](report_atom, const actor& to) {
      self->send(to, done_atom::value, self->state);
      self->quit();
    },
  };
}

behavior producer(event_based_actor* self, actor to, actor done) {
  return {
    [=](start_atom) {
      for (int i = 0; i < counting_messages; ++i)
        self->send(to, increment_atom::value);
      self->send(to, report_atom::value, done);
      self->quit();
    },
  };
}

// -- fork-join --------------------------------------------------------------------------------------

behavior join_point(stateful_actor<int>* self, int count, actor done) {
  self->state = count;
  return {
    [=](done_atom) {
      if (--self->state > 0)
        return;
      self->send(done, done_atom::value, std::int64_t{count});
      self->quit();
    },
  };
}

behavior forked(stateful_actor<double>* self) {
  return {
    [=](work_atom, int seed, const actor& join) {
      self->state = some_work(seed);
      self->send(join, done_atom::value);
      self->quit();
    },
  };
}

struct repeated_state {
  int count = 0;
  double result = 0;
};

behavior repeated(stateful_actor<repeated_state>* self, actor join) {
  return {
    [=](work_atom) {
      self->state.result += some_work(self->state.count);
      if (++self->state.count < throughput_messages)
        return;
      self->send(join, done_atom::value);
      self->quit();
    },
  };
}

// -- thread-ring ------------------------------------------------------------------------------------

behavior ring_member(stateful_actor<actor>* self, actor done) {
  return {
    [=](link_atom, actor next) { self->state = std::move(next); },
    [=](token_atom, int left) {
      if (left > 0)
        self->send(self->state, token_atom::value, left - 1);
      else
        self->send(done, done_atom::value, std::int64_t{ring_hops});
    },
  };
}

// -- big --------------------------------------------------------------------------------------------

struct big_state {
  std::vector<actor> all;
  std::minstd_rand chance;
  int count = 0;
};

behavior big_member(stateful_actor<big_state>* self, unsigned seed, actor join) {
  self->state.chance.seed(seed);
  auto send_ping = [=] {
    auto& mine = self->state;
    self->send(mine.all[mine.chance() % mine.all.size()], ping_atom::value, actor{self});
  };
  return {
    [=](start_atom, std::vector<actor>& all) {
      self->state.all = std::move(all);
      send_ping();
    },
    [=](ping_atom, const actor& from) { self->send(from, pong_atom::value); },
    [=](pong_atom) {
      if (++self->state.count < big_pings)
        send_ping();
      else
        self->send(join, done_atom::value);
    },
  };
}

} // namespace

double ping_pong() {
  return timed("ping-pong", ping_pong_messages, [](actor_system& system, const actor& done) {
    auto other = system.spawn(pong_actor);
    anon_send(system.spawn(ping_actor, other, done), start_atom::value);
  });
}

double counting() {
  return timed("counting", counting_messages, [](actor_system& system, const actor& done) {
    auto to = system.spawn(counter);
    anon_send(system.spawn(producer, to, done), start_atom::value);
  });
}

double fork_join_create() {
  return timed("fork-join create", fork_join_actors, [](actor_system& system, const actor& done) {
    auto join = system.spawn(join_point, fork_join_actors, done);
    for (int i = 0; i < fork_join_actors; ++i)
      anon_send(system.spawn(forked), work_atom::value, i, join);
  });
}

double fork_join_throughput() {
  return timed("fork-join throughput", throughput_actors, [](actor_system& system, const actor& done) {
    auto join = system.spawn(join_point, throughput_actors, done);
    std::vector<actor> all;
    for (int i = 0; i < throughput_actors; ++i)
      all.push_back(system.spawn(repeated, join));
    for (int i = 0; i < throughput_messages; ++i)
      for (const auto& each : all)
        anon_send(each, work_atom::value);
  });
}

double thread_ring() {
  std::vector<actor> all;
  return timed(
    "thread-ring", ring_hops,
    [&](actor_system& system, const actor& done) {
      for (int i = 0; i < ring_actors; ++i)
        all.push_back(system.spawn(ring_member, done));
      for (std::size_t i = 0; i < all.size(); ++i)
        anon_send(all[i], link_atom::value, all[(i + 1) % all.size()]);
      anon_send(all.front(), token_atom::value, int{ring_hops});
    },
    all);
}

double big() {
  std::vector<actor> all;
  return timed(
    "big", big_actors,
    [&](actor_system& system, const actor& done) {
      auto join = system.spawn(join_point, big_actors, done);
      for (unsigned i = 0; i < big_actors; ++i)
        all.push_back(system.spawn(big_member, i + 1, join));
      for (const auto& each : all)
        anon_send(each, start_atom::value, all);
    },
    all);
}

} // namespace savina::plain_caf
