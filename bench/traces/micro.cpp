// What traces cost a request at the gateway: one that is not traced, and those that are.
#include "actors/detail/span_queue.hpp"
#include "gateway/detail/tracer.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace troupe;
using benchmark::State;

/// The fields that a browser sends.
request from_browser(std::string_view traceparent) {
  request out;
  out.headers.reserve(12, 1024);
  for (const auto* name : {"Host", "User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Connection", "Cookie",
                           "Referer", "Cache-Control"})
    out.headers.add(name, "about as much text as is usual");
  if (!traceparent.empty())
    out.headers.add(traceparent_field, traceparent);
  return out;
}

gateway::tracer tracer_with(double sample, const std::shared_ptr<detail::span_queue>& spans) {
  return gateway::tracer{{config::trace_source::any, sample, spans}};
}

/// Takes away what has gathered, now and then, as an exporter does.
class exporter {
public:
  explicit exporter(detail::span_queue& from) : from_(from) {}
  void count_span() {
    if (++count_ % 500 == 0)
      benchmark::DoNotOptimize(from_.take(std::chrono::milliseconds{0}, {}));
  }

private:
  detail::span_queue& from_;
  unsigned count_ = 0;
};

void not_exported(State& state) {
  auto traces = tracer_with(0.01, nullptr);
  auto what = from_browser({});
  for (auto _ : state) {
    auto trace = traces.begin(what, false, false);
    benchmark::DoNotOptimize(trace);
  }
}

/// The share of those that are sampled included.
void sampled_by_chance(State& state) {
  const auto spans = std::make_shared<detail::span_queue>();
  auto traces = tracer_with(static_cast<double>(state.range(0)) / 1000, spans);
  exporter drain{*spans};
  auto what = from_browser({});
  for (auto _ : state) {
    if (auto trace = traces.begin(what, false, false)) {
      trace->span->succeed();
      trace = nullptr;
      what = from_browser({});
      drain.count_span();
    }
  }
}

void brings_one(State& state, const char* traceparent) {
  const auto spans = std::make_shared<detail::span_queue>();
  auto traces = tracer_with(0, spans);
  exporter drain{*spans};
  const auto original = from_browser(traceparent);
  for (auto _ : state) {
    auto what = original;
    auto trace = traces.begin(what, true, true);
    benchmark::DoNotOptimize(trace);
    trace = nullptr;
    drain.count_span();
  }
}

BENCHMARK(not_exported);
BENCHMARK(sampled_by_chance)->Arg(0)->Arg(10)->Arg(1000)->ArgName("per_mille");
BENCHMARK_CAPTURE(brings_one, unsampled, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
BENCHMARK_CAPTURE(brings_one, sampled, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

} // namespace

BENCHMARK_MAIN();
