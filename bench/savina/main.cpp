// bench-savina [ROUNDS [NAME]]: prints a table of medians and ratios; of the one benchmark NAME or all.
#include "bench/savina/savina.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

namespace savina {

double some_work(int seed) {
  const auto sine = std::sin(seed);
  return sine * sine;
}

void expect(std::int64_t found, std::int64_t expected, const char* what) {
  if (found == expected)
    return;
  std::fprintf(stderr, "%s: the result is %lld, expected %lld\n", what,
               static_cast<long long>(found), static_cast<long long>(expected));
  std::exit(1);
}

} // namespace savina

namespace {

/// Nanoseconds for one cache line from one thread to another: what a message between loops cannot
/// beat. Up to ten times as much on one machine as on the next, or on a virtual one as it is moved.
double line_between_threads() {
  constexpr int rounds = 200'000;
  alignas(64) std::atomic<int> turn{0};
  const auto begun = std::chrono::steady_clock::now();
  const auto play = [&](int me) {
    for (int i = 0; i < rounds; ++i) {
      while (turn.load(std::memory_order_acquire) != 2 * i + me) {
      }
      turn.store(2 * i + me + 1, std::memory_order_release);
    }
  };
  std::thread other{play, 1};
  play(0);
  other.join();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
  return took.count() / (2.0 * rounds);
}

struct contest {
  const char* name;
  std::function<double()> caf;
  std::function<double(troupe::placement)> ours;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(const contest& each, int rounds) {
  std::vector<double> caf, here, spread;
  for (int i = -1; i < rounds; ++i) { // the first one warms up
    const double taken[] = {each.caf(), each.ours(troupe::placement::here),
                            each.ours(troupe::placement::spread)};
    if (i < 0)
      continue;
    caf.push_back(taken[0]);
    here.push_back(taken[1]);
    spread.push_back(taken[2]);
  }
  const auto base = median(caf);
  std::printf("| %-20s | %8.1f | %8.1f | %5.1f | %8.1f | %5.1f |\n", each.name, base, median(here),
              base / median(here), median(spread), base / median(spread));
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
  using namespace savina;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
  if (rounds < 1) {
    std::fprintf(stderr, "usage: bench-savina [ROUNDS [NAME]], at least 1 round\n");
    return 2;
  }
  std::printf("Milliseconds, medians of %d rounds; ratio: how many times faster than CAF.\n", rounds);
  std::printf("Spread: over event loops that are kept on a core each (actors.pin_threads).\n");
  std::printf("A cache line from core to core: %.0f ns.\n\n", line_between_threads());
  std::printf("| benchmark            | CAF      | one loop | ratio | spread   | ratio |\n");
  std::printf("| -------------------- | -------- | -------- | ----- | -------- | ----- |\n");
  for (const contest& each : {contest{"ping-pong", plain_caf::ping_pong, ours::ping_pong},
                              contest{"counting", plain_caf::counting, ours::counting},
                              contest{"fork-join create", plain_caf::fork_join_create,
                                      ours::fork_join_create},
                              contest{"fork-join throughput", plain_caf::fork_join_throughput,
                                      ours::fork_join_throughput},
                              contest{"thread-ring", plain_caf::thread_ring, ours::thread_ring},
                              contest{"big", plain_caf::big, ours::big}})
    if (argc < 3 || std::string_view{argv[2]} == each.name)
      run(each, rounds);
  std::printf("\nA cache line from core to core: %.0f ns.\n", line_between_threads());
}
