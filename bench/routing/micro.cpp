// What the choice of a node costs a request, by the number of nodes, and what the router does, by the number
// of routes: "/10", "/100", "/10000". `asked` is how many different paths are asked for in turn: 10 stay in
// the caches of the processor, 2,000 with all that 10,000 routes need do not.
#include "actors/detail/event_loop.hpp"
#include "gateway/detail/node_table.hpp"
#include "gateway/detail/router.hpp"

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>

namespace {

std::atomic<std::uint64_t> allocations{0};

} // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (auto* made = std::malloc(size)) // NOLINT
    return made;
  throw std::bad_alloc{};
}

void operator delete(void* what) noexcept {
  std::free(what); // NOLINT
}

void operator delete(void* what, std::size_t) noexcept {
  std::free(what); // NOLINT
}

namespace {

using namespace troupe;
using benchmark::State;

std::string resource(std::int64_t number) {
  return "/api/v1/resource" + std::to_string(number);
}

/// So many routes, as an application has them: in fives for a resource.
cluster_view table(std::int64_t routes) {
  service_announcement all{"s", false, {}};
  for (std::int64_t i = 0; std::ssize(all.routes) < routes; ++i) {
    const auto path = resource(i);
    using enum http_method;
    all.routes.push_back({get, path});
    all.routes.push_back({post, path});
    all.routes.push_back({get, path + "/{id:int}"});
    all.routes.push_back({get, path + "/{id:int}/parts/{part}"});
    all.routes.push_back({get, path + "/files/{path...}"});
  }
  cluster_view out;
  out.nodes.emplace_back().services.push_back(std::move(all));
  return out;
}

request ask_for(std::string target) {
  request out;
  out.path_size = static_cast<std::uint32_t>(target.size());
  out.target = std::move(target);
  return out;
}

/// Requests for `suffix` of the table's resources, at most `asked` of them, in no order.
std::vector<request> requests(std::int64_t routes, std::int64_t asked, const std::string& suffix) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < routes / 5; ++i)
    numbers.push_back(i);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937{7}); // NOLINT: the same in each run
  std::vector<request> out;
  for (std::size_t i = 0; i < static_cast<std::size_t>(asked); ++i)
    out.push_back(ask_for(resource(numbers[i % numbers.size()]) + suffix));
  return out;
}

void find(State& state, const std::string& suffix, bool found) {
  const gateway::router where{table(state.range(0))};
  auto all = requests(state.range(0), state.range(1), suffix);
  std::size_t next = 0;
  const auto before = allocations.load();
  for (auto _ : state) {
    auto& what = all[next];
    next = next + 1 == all.size() ? 0 : next + 1;
    auto match = where.find(what);
    if ((match.entry != nullptr) != found)
      state.SkipWithError("not what was expected");
    benchmark::DoNotOptimize(match.entry);
    what.parameters = decltype(what.parameters){}; // as a request that comes in
  }
  state.counters["allocations"] = benchmark::Counter(
    static_cast<double>(allocations.load() - before), benchmark::Counter::kAvgIterations);
}

void literal(State& state) {
  find(state, "", true);
}

void one_parameter(State& state) {
  find(state, "/4711", true);
}

void two_parameters(State& state) {
  find(state, "/4711/parts/wheel", true);
}

void escaped_parameter(State& state) {
  find(state, "/4711/parts/front%20wheel", true);
}

void wildcard(State& state) {
  find(state, "/files/a/b/c.txt", true);
}

void miss(State& state) {
  find(state, "/4711/other", false);
}

void sizes(benchmark::internal::Benchmark* what) {
  what->ArgNames({"routes", "asked"});
  for (const int routes : {10, 100, 10'000})
    what->Args({routes, 10});
  what->Args({10'000, 2'000});
}

/// A request is there for as long as seven others are begun behind it.
void choose_node(State& state) {
  auto view = std::make_shared<cluster_view>();
  for (std::int64_t id = 1; id <= state.range(0); ++id) {
    auto& made = view->nodes.emplace_back();
    made.id = static_cast<std::uint64_t>(id);
    made.max_in_work = 1000;
    made.dispatchers.resize(1);
    made.services.push_back({"s", false, {{http_method::get, "/"}}});
  }
  caf::actor_system_config config;
  caf::actor_system system{config};
  const detail::event_loop loop{system, 0};
  gateway::node_table nodes{loop, 1, std::chrono::milliseconds{0}};
  const auto now = std::chrono::steady_clock::now();
  nodes.update(view, now);
  auto what = ask_for("/");
  const auto& entry = *nodes.routes().find(what).entry;
  std::array<gateway::node_table::node*, 8> at_it{};
  std::size_t next = 0;
  for (auto _ : state) {
    auto*& place = at_it[next++ % at_it.size()];
    if (place != nullptr)
      place->record.end(gateway::node_record::outcome::answered, now);
    place = nodes.choose(entry, what, 0, now).to;
    place->record.begin();
  }
}

void build(State& state) {
  const auto view = table(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(gateway::router{view});
}

} // namespace

BENCHMARK(literal)->Apply(sizes);
BENCHMARK(one_parameter)->Apply(sizes);
BENCHMARK(two_parameters)->Apply(sizes);
BENCHMARK(escaped_parameter)->Apply(sizes);
BENCHMARK(wildcard)->Apply(sizes);
BENCHMARK(miss)->Apply(sizes);
BENCHMARK(choose_node)->ArgName("nodes")->Arg(1)->Arg(10)->Arg(100)->Arg(1'000);
BENCHMARK(build)->ArgName("routes")->Arg(10)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();
