#include "gateway/detail/tracer.hpp"

#include "actors/detail/span_queue.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace troupe::gateway {
namespace {

using config::trace_source;

const std::string sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const std::string unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";

request with_fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  request out;
  for (const auto& [name, value] : fields)
    out.headers.add(name, value);
  return out;
}

/// A worker looks at the last field only.
std::string_view last_field(const request& what) {
  return what.headers.empty() ? "" : what.headers[what.headers.size() - 1].first;
}

class a_tracer : public testing::Test {
protected:
  tracer that(trace_source accepts, double sample, bool exports = true) {
    return tracer{{accepts, sample, exports ? queue_ : nullptr}};
  }
  std::vector<detail::span> recorded() { return queue_->take(std::chrono::milliseconds{0}, {}); }

  std::shared_ptr<detail::span_queue> queue_ = std::make_shared<detail::span_queue>();
};

TEST_F(a_tracer, goes_on_with_a_trace_of_whom_it_accepts) {
  const struct {
    trace_source accepts;
    bool trusted;
    bool goes_on;
  } all[]{{trace_source::none, true, false},    {trace_source::none, false, false},
          {trace_source::trusted, true, true},  {trace_source::trusted, false, false},
          {trace_source::any, true, true},      {trace_source::any, false, true}};
  for (const auto& each : all) {
    auto what = with_fields({{"traceparent", sampled}, {"tracestate", "a=1"}, {"Host", "x"}});
    const auto trace = that(each.accepts, 0).begin(what, true, each.trusted);
    ASSERT_EQ(trace != nullptr, each.goes_on);
    EXPECT_EQ(what.header("tracestate").has_value(), each.goes_on);
    EXPECT_EQ(what.header("traceparent").has_value(), each.goes_on);
    EXPECT_EQ(what.header("Host"), "x");
    if (!trace)
      continue;
    EXPECT_EQ(trace->place.trace_id(), id);
    EXPECT_EQ(last_field(what), "traceparent");
    EXPECT_EQ(what.trace(), trace->place);
  }
}

TEST_F(a_tracer, puts_its_own_span_between_client_and_worker) {
  auto what = with_fields({{"TraceParent", sampled}});
  auto trace = that(trace_source::any, 0).begin(what, true, false);
  ASSERT_TRUE(trace && trace->span);
  const auto sent = what.trace();
  trace->span->succeed();
  trace = nullptr;
  const auto spans = recorded();
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].parent, "00f067aa0ba902b7");
  EXPECT_EQ(spans[0].place, sent);
  EXPECT_EQ(spans[0].kind, detail::span_kind::server);
}

TEST_F(a_tracer, passes_a_trace_that_is_not_sampled_on_as_it_is) {
  for (const bool exports : {true, false}) {
    auto what = with_fields({{"traceparent", unsampled}});
    const auto trace = that(trace_source::any, 1, exports).begin(what, true, false);
    ASSERT_TRUE(trace);
    EXPECT_FALSE(trace->span);
    EXPECT_EQ(what.header("traceparent"), unsampled);
  }
}

TEST_F(a_tracer, without_an_export_passes_on_what_is_sampled_and_begins_none) {
  auto what = with_fields({{"traceparent", sampled}});
  auto some = that(trace_source::any, 1, false);
  ASSERT_TRUE(some.begin(what, true, false));
  EXPECT_EQ(what.header("traceparent"), sampled);
  request plain;
  EXPECT_FALSE(some.begin(plain, false, false));
  EXPECT_TRUE(plain.headers.empty());
}

TEST_F(a_tracer, begins_a_new_trace_where_what_comes_is_malformed) {
  const request all[]{with_fields({{"traceparent", "00-x"}, {"tracestate", "a=1"}}),
                      with_fields({{"traceparent", ""}, {"tracestate", "a=1"}}),
                      with_fields({{"traceparent", sampled}, {"traceparent", sampled}, {"tracestate", "a=1"}}),
                      with_fields({{"traceparent", sampled}, {"TRACEPARENT", "x"}, {"tracestate", "a=1"}})};
  for (auto what : all) {
    auto begins = that(trace_source::any, 1);
    const auto trace = begins.begin(what, true, false);
    ASSERT_TRUE(trace && trace->span);
    EXPECT_NE(trace->place.trace_id(), id);
    ASSERT_EQ(what.headers.size(), 1U);
    EXPECT_EQ(what.trace(), trace->place);
  }
  for (auto what : all) {
    auto begins_none = that(trace_source::any, 0);
    EXPECT_FALSE(begins_none.begin(what, true, false));
    EXPECT_TRUE(what.headers.empty());
  }
}

TEST_F(a_tracer, samples_all_or_none_or_about_the_share_it_is_told) {
  constexpr int requests = 200'000;
  for (const double share : {0.0, 0.01, 0.5, 1.0}) {
    auto some = that(trace_source::none, share);
    int count = 0;
    request what;
    for (int i = 0; i < requests; ++i) {
      if (some.begin(what, false, false))
        ++count;
      what.headers.clear();
    }
    // Eight standard deviations: less likely to fail than the machine.
    const double most_off = 8 * std::sqrt(requests * share * (1 - share));
    EXPECT_NEAR(count, requests * share, most_off) << share;
  }
}

} // namespace
} // namespace troupe::gateway
