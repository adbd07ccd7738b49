#include "gateway/detail/node_table.hpp"

#include "gateway/detail/retry_budget.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;

const node_table::time_point t0{1h};

/// Nodes 1 to `count` that serve "/", without actors; node 1 may be the own one.
std::shared_ptr<cluster_view> view_of(std::uint64_t count, bool own = false, std::uint32_t max_in_work = 1000) {
  auto out = std::make_shared<cluster_view>();
  for (std::uint64_t id = 1; id <= count; ++id) {
    auto& made = out->nodes.emplace_back();
    made.id = id;
    made.node_id = 1000 + id;
    made.local = own && id == 1;
    made.max_in_work = max_in_work;
    const stickiness by_path{stickiness::kind::parameter, 0, {}}, by_field{stickiness::kind::field, 0, "X-Session"};
    made.services.push_back({"s",
                             false,
                             {{http_method::get, "/"},
                              {http_method::get, "/s/{id}", route_kind::whole, 0, false, by_path, 0ms},
                              {http_method::get, "/f", route_kind::whole, 0, false, by_field, 0ms}}});
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

  /// The same, but it waits in the node's message until `send_all`.
  std::uint64_t choose_and_send(std::uint64_t except = 0) {
    const auto id = choose(except);
    if (id != 0)
      table_.all().at(id)->batch.items.emplace_back();
    return id;
  }
  void send_all() {
    for (const auto& [id, each] : table_.all())
      each->batch.items.clear();
  }
  std::map<std::uint64_t, int> spread_in_messages(int count) {
    std::map<std::uint64_t, int> out;
    for (int i = 0; i < count; ++i)
      ++out[choose_and_send()];
    return out;
  }

  /// Where each of these keys goes, by the path.
  std::vector<std::uint64_t> owners(int keys, std::uint64_t except = 0) {
    std::vector<std::uint64_t> out;
    for (int i = 0; i < keys; ++i) {
      request what;
      what.target = "/s/key" + std::to_string(i);
      out.push_back(owner(std::move(what), except));
    }
    return out;
  }
  std::uint64_t owner(request what, std::uint64_t except = 0) {
    what.path_size = static_cast<std::uint32_t>(what.target.size());
    const auto& entry = *table_.routes().find(what).entry;
    const auto where = table_.choose(entry, what, except, t0);
    return where.to == nullptr ? 0 : where.to->id;
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

TEST_F(a_node_table, fills_a_message_for_a_node_whose_work_is_short) {
  table_.update(view_of(20), t0);
  for (std::uint64_t id = 1; id <= 20; ++id)
    record(id).learn_work(10);
  const auto got = spread_in_messages(20);
  ASSERT_EQ(got.size(), 2u);
  for (const auto& [id, requests] : got)
    EXPECT_EQ(requests, 10) << id;
}

TEST_F(a_node_table, ends_a_message_where_it_must) {
  table_.update(view_of(3, false, 4), t0);
  for (std::uint64_t id = 1; id <= 3; ++id)
    record(id).learn_work(1);
  const auto first = choose_and_send();
  EXPECT_EQ(choose_and_send(), first);
  const auto other = choose_and_send(first);
  EXPECT_NE(other, first) << "which has just failed that request";
  EXPECT_EQ(choose_and_send(), other);
  table_.update(view_of(3, false, 4), t0);
  EXPECT_NE(choose_and_send(), 0u) << "those of another view";
  send_all();
  EXPECT_EQ(spread_in_messages(8).at(0), 1) << "none takes more than 4";
  for (std::uint64_t id = 1; id <= 3; ++id)
    EXPECT_EQ(record(id).outstanding(), 4u) << id;
}

TEST_F(a_node_table, keeps_short_work_on_the_own_node) {
  table_.update(view_of(2, true), t0);
  record(1).learn_work(1);
  record(2).learn_work(1);
  EXPECT_EQ(choose_and_send(), 1u);
  EXPECT_EQ(choose_and_send(), 2u);
  EXPECT_EQ(choose_and_send(), 1u) << "not with the one before";
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

TEST_F(a_node_table, sends_a_key_to_the_same_node_and_moves_those_of_a_lost_one_alone) {
  table_.update(view_of(5), t0);
  const auto before = owners(1000);
  EXPECT_EQ(owners(1000), before);
  for (const std::uint64_t id : {1, 2, 3, 4, 5})
    EXPECT_NEAR(std::count(before.begin(), before.end(), id), 200, 50) << id;
  auto without_3 = view_of(5);
  without_3->nodes.erase(without_3->nodes.begin() + 2);
  table_.update(without_3, t0);
  const auto after = owners(1000);
  std::map<std::uint64_t, int> heirs;
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i] == 3)
      ++heirs[after[i]];
    else
      EXPECT_EQ(after[i], before[i]) << i;
  EXPECT_EQ(heirs.size(), 4u) << "they are spread";
  EXPECT_FALSE(heirs.contains(3));
}

TEST_F(a_node_table, knows_nodes_of_other_views_by_their_own_ids) {
  table_.update(view_of(3), t0);
  const auto before = owners(100);
  auto turned = view_of(3); // as another gateway numbers them
  for (auto& each : turned->nodes)
    each.id = 14 - each.id;
  table_.update(turned, t0);
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(owners(100)[i], 14 - before[i]) << i;
}

TEST_F(a_node_table, moves_the_keys_of_nodes_that_fail_or_are_full_until_all_are) {
  table_.update(view_of(3, false, 5), t0);
  const auto before = owners(100);
  fail(1);
  for (int i = 0; i < 5; ++i)
    record(2).begin();
  EXPECT_EQ(owners(100), std::vector<std::uint64_t>(100, 3));
  record(2).end(node_record::outcome::answered, t0);
  const auto after = owners(100, 3);
  EXPECT_EQ(after, std::vector<std::uint64_t>(100, 2));
  EXPECT_EQ(owners(100, 2), std::vector<std::uint64_t>(100, 3));
  fail(2);
  record(2).begin();
  fail(3);
  const auto all_fail = owners(100);
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i] != 2) // which is full
      EXPECT_EQ(all_fail[i], before[i]) << "as good as none";
    else
      EXPECT_NE(all_fail[i], 2u);
}

TEST_F(a_node_table, goes_by_the_field_and_by_chance_without_it) {
  table_.update(view_of(3, true), t0);
  const auto with_field = [&](const char* value) {
    request what;
    what.target = "/f";
    if (value != nullptr)
      what.headers.add("x-session", value);
    return owner(std::move(what));
  };
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    const auto value = std::to_string(i);
    seen.insert(with_field(value.c_str()));
    request by_path;
    by_path.target = "/s/" + value;
    EXPECT_EQ(with_field(value.c_str()), owner(std::move(by_path))) << "all routes of a service agree";
  }
  EXPECT_EQ(seen.size(), 3u) << "the own node is not preferred";
  for (const auto* none : {static_cast<const char*>(nullptr), ""})
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(with_field(none), 1u) << "the own node, as without sticky()";
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
} // namespace troupe::gateway
