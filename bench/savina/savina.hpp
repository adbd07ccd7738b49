#pragma once

#include "actors/actor_options.hpp"

#include <cstdint>

namespace savina {

// The usual parameters of the Savina suite (Imam and Sarkar, 2014).
inline constexpr int ping_pong_messages = 40'000;
inline constexpr int counting_messages = 1'000'000;
inline constexpr int fork_join_actors = 40'000;
inline constexpr int throughput_actors = 60;
inline constexpr int throughput_messages = 10'000; // to each
inline constexpr int ring_actors = 100;
inline constexpr int ring_hops = 100'000;
inline constexpr int big_actors = 120;
inline constexpr int big_pings = 20'000; // from each

/// What a round of fork-join (create) computes in each actor.
double some_work(int seed);

/// Each runs one benchmark, checks its result and gives milliseconds, without the start of threads.
namespace ours {
double ping_pong(troupe::placement where);
double counting(troupe::placement where);
double fork_join_create(troupe::placement where);
double fork_join_throughput(troupe::placement where);
double thread_ring(troupe::placement where);
double big(troupe::placement where);
} // namespace ours

namespace plain_caf {
double ping_pong();
double counting();
double fork_join_create();
double fork_join_throughput();
double thread_ring();
double big();
} // namespace plain_caf

/// Ends the process with a line when a result is wrong: a benchmark that skips work shows nothing.
void expect(std::int64_t found, std::int64_t expected, const char* what);

} // namespace savina
