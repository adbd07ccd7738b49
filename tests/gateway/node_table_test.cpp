#include "gateway/detail/node_table.hpp"

#include "gateway/detail/retry_budget.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <map>

namespace troupe::gateway::test {
namespace {

using namespace std::chrono_literals;

const node_table::time_point t0{1h};

/// Nodes 1 to `count` that serve "/", without actors; node 1 may be the own one.
std::shared_ptr<cluster_view> view_of(std::uint64_t count, bool own = false, std::uint32_t max_in_work = 1000) {
  auto out = std::make_shared<cluster_view>();
  for (std::uint64_t id = 1; id <= count; ++id) {
    auto& made = out->nodes.emplace_back();
    made.id = id;
    made.local = own && id == 1;
    made.max_in_work = max_in_work;
    made.services.push_back({"s", false, {{http_method::get, "/"}}});
    if (made.local)
      made.workers.resize(1);
    else
      made.dispatchers.resize(1);
  }
  return out;
}

class a_node_table : public ::testing::Test {
protected:
  /// The id of the node that is chosen, which then has the request; 0: none.
  std::uint64_t choose(std::uint64_t except = 0, node_table::time_point now = t0) {
    const auto where = table_.choose(entry(), except, now);
    if (where.to == nullptr)
      return 0;
    where.to->record.begin();
    return where.to->id;
  }

  const route_entry& entry() {
    request what;
    what.target = "/";
    what.path_size = 1;
    return *table_.routes().find(what).entry;
  }

  /// Who gets `count` requests that all stay there.
  std::map<std::uint64_t, int> spread(int count) {
    std::map<std::uint64_t, int> out;
    for (int i = 0; i < count; ++i)
      ++out[choose()];
    return out;
  }

  node_record& record(std::uint64_t id) { return table_.all().at(id)->record; }

  void fail(std::uint64_t id) {
    for (int i = 0; i < 5; ++i) {
      record(id).begin();
      record(id).end(node_record::outcome::failed, t0);
    }
  }

  troupe::test::loop_bench bench_;
  node_table table_{bench_.loop(), 1, 0ms};
};

TEST_F(a_node_table, spreads_requests_evenly_over_any_number_of_nodes) {
  for (const std::uint64_t count : {1, 2, 3, 20}) {
    table_.clear();
    table_.update(view_of(count), t0);
    const auto got = spread(static_cast<int>(count) * 50);
    ASSERT_EQ(got.size(), count);
    for (const auto& [id, requests] : got)
      EXPECT_NEAR(requests, 50, 8) << id << " of " << count; // the better one of two, by chance
  }
}

TEST_F(a_node_table, prefers_the_own_node_where_it_costs_the_same) {
  table_.update(view_of(3, true), t0);
  EXPECT_EQ(choose(), 1u);
  EXPECT_NE(choose(), 1u);
  EXPECT_NE(choose(), 1u);
  EXPECT_EQ(choose(), 1u);
}

TEST_F(a_node_table, gives_a_slow_node_less) {
  table_.update(view_of(2), t0);
  for (int i = 0; i < 200; ++i)
    record(2).learn_pace(10, t0);
  const auto got = spread(110);
  EXPECT_NEAR(got.at(2), 10, 1);
}

TEST_F(a_node_table, sends_no_node_more_than_it_takes) {
  table_.update(view_of(4, false, 3), t0);
  EXPECT_EQ(spread(12), (std::map<std::uint64_t, int>{{1, 3}, {2, 3}, {3, 3}, {4, 3}}));
  EXPECT_EQ(choose(), 0u);
  record(3).end(node_record::outcome::answered, t0);
  EXPECT_EQ(choose(), 3u);
}

TEST_F(a_node_table, leaves_out_the_one_that_has_just_been_lost) {
  table_.update(view_of(2), t0);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(choose(1), 2u);
  table_.clear();
  table_.update(view_of(1), t0);
  EXPECT_EQ(choose(1), 0u);
}

TEST_F(a_node_table, leaves_out_those_that_fail_until_all_do) {
  table_.update(view_of(5), t0);
  for (const std::uint64_t id : {1, 2, 4, 5}) {
    fail(id);
    for (int i = 0; i < 20; ++i) {
      const auto chosen = choose();
      EXPECT_FALSE(record(chosen).is_out(t0)) << chosen;
    }
  }
  table_.clear();
  table_.update(view_of(5), t0);
  for (std::uint64_t id = 1; id <= 5; ++id)
    fail(id);
  EXPECT_EQ(spread(100).size(), 5u) << "as good as none";
}

TEST_F(a_node_table, tells_who_has_left_once) {
  const auto self = caf::actor_cast<caf::strong_actor_ptr>(bench_.self());
  auto two = view_of(2);
  two->nodes[0].agent = two->nodes[1].agent = self;
  EXPECT_TRUE(table_.update(two, t0).empty());
  auto one = view_of(1);
  one->nodes[0].agent = self;
  const auto left = table_.update(one, t0);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, 2u);
  EXPECT_TRUE(table_.update(one, t0).empty());
  EXPECT_EQ(record(2).outstanding(), 0u) << "it is known until it is lost";
  table_.forget(2);
  EXPECT_FALSE(table_.all().contains(2));
}

TEST(retry_budget, allows_a_burst_and_then_a_tenth) {
  retry_budget budget;
  int burst = 0;
  while (budget.take())
    ++burst;
  EXPECT_EQ(burst, 500);
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    budget.count_request();
    taken += budget.take() ? 1 : 0;
  }
  EXPECT_EQ(taken, 100);
}

} // namespace
} // namespace troupe::gateway::test
