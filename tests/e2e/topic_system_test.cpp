// Topics between nodes: what is published on one is heard on all.
#include "tests/support/deadline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/process_figures.hpp"
#include "tests/support/websocket_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <set>

namespace troupe::test {
namespace {

constexpr std::uint64_t mebibyte = 1U << 20U;

node_options topic_node(std::vector<std::string> flags = {}) {
  flags.insert(flags.end(), {"--cluster-slow-start", "0s"});
  return {"topic-node", std::move(flags), {}};
}

/// A connection to one of the nodes behind a gateway: publishes there, and hears.
class participant {
public:
  participant(const gateway& at, const std::string& target) : socket_(at.http_port(), target) {
    EXPECT_EQ(socket_.answer().status, 101) << socket_.answer();
    do
      pid_ = read().value("pid", 0);
    while (pid_ == 0);
  }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void publish(const std::string& value) { socket_.send_text(value); }
  /// What it is told next.
  nlohmann::json read() {
    const auto frame = socket_.read();
    EXPECT_EQ(frame.opcode, opcode_text);
    return nlohmann::json::parse(frame.data);
  }
  /// The values that it hears next, up to and with this one.
  std::vector<std::string> read_to(const std::string& last) {
    std::vector<std::string> out;
    while (out.empty() || out.back() != last)
      if (const auto next = read(); next.contains("value") && !next["gap"])
        out.push_back(next["value"]);
    return out;
  }

private:
  websocket_client socket_;
  pid_t pid_ = 0;
};

class topics : public testing::Test {
protected:
  using participants = std::map<pid_t, std::unique_ptr<participant>>;

  /// One on each of these processes.
  static participants join(const gateway& at, const std::set<pid_t>& processes, const std::string& target) {
    participants out;
    for (int tries = 0; tries < 500 && out.size() < processes.size(); ++tries) {
      auto made = std::make_unique<participant>(at, target);
      const auto pid = made->pid();
      EXPECT_TRUE(processes.contains(pid)) << pid;
      out.emplace(pid, std::move(made));
    }
    EXPECT_EQ(out.size(), processes.size());
    return out;
  }

  /// Has `from` publish until `by` hears it.
  void wait_until_heard(participant& by, participant& from) {
    const deadline end{soon};
    for (bool heard = &by == &from; !heard;) {
      ASSERT_FALSE(end.passed()) << "process " << by.pid() << " does not hear process " << from.pid();
      const auto probe = "probe of " + std::to_string(from.pid());
      from.publish(probe);
      const auto fence = "fence " + std::to_string(++fences_);
      by.publish(fence);
      const auto values = by.read_to(fence); // of its own node: comes for certain
      heard = std::find(values.begin(), values.end(), probe) != values.end();
    }
  }

  void wait_until_all_are_heard(participants& all) {
    for (auto& [pid, by] : all)
      for (auto& [other, from] : all)
        wait_until_heard(*by, *from);
  }

private:
  int fences_ = 0;
};

TEST_F(topics, are_heard_on_every_node_once_and_in_the_order_of_each_publisher) {
  gateway front{topic_node()};
  worker one{front, "one", topic_node()}, other{front, "other", topic_node()};
  ASSERT_TRUE(wait_for_nodes(front, {"one", "other"}));
  auto all = join(front, {front.pid(), one.pid(), other.pid()}, "/topics/news");
  auto elsewhere = join(front, {front.pid(), one.pid(), other.pid()}, "/topics/other%20news");
  wait_until_all_are_heard(all);
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(std::to_string(i));
    for (auto& [pid, each] : elsewhere)
      each->publish("nobody listens to that");
    for (auto& [pid, each] : all)
      each->publish(std::to_string(pid) + " " + expected.back());
  }
  for (auto& [pid, each] : all) {
    std::map<std::string, std::vector<std::string>> heard;
    for (std::size_t left = 100 * all.size(); left > 0;) {
      const auto next = each->read();
      EXPECT_EQ(next["missed"], 0) << next;
      const auto value = next["value"].get<std::string>();
      const auto space = value.find(' ');
      if (value.find_first_not_of("0123456789 ") != std::string::npos)
        continue; // of the beginning
      heard[value.substr(0, space)].push_back(value.substr(space + 1));
      --left;
    }
    for (auto& [from, publisher] : all)
      EXPECT_EQ(heard[std::to_string(from)], expected) << from << " by " << pid;
  }
  // Who published on the other topic has not been waited for.
  const auto figures = [&] { return metrics_at(front.admin_port()); };
  EXPECT_TRUE(eventually([&] { return figures().value("troupe_topic_values_published_total") >= 200; })) << "both topics";
  EXPECT_TRUE(eventually([&] { return figures().value("troupe_topic_values_received_total") >= 400; }))
    << "of both other nodes, on both topics";
  EXPECT_EQ(figures().value("troupe_topic_values_missed_total"), 0);
}

TEST_F(topics, tell_who_is_slow_how_many_it_has_missed) {
  gateway front{topic_node()};
  participant slow{front, "/topics/news?capacity=10"};
  participant fast{front, "/topics/news?count=4000&size=4096"};
  fast.publish("");
  while (!fast.read().contains("done")) {
  }
  participant{front, "/topics/news"}.publish("last");
  std::uint64_t heard = 0, missed = 0;
  for (std::string value; value != "last"; ++heard) {
    const auto next = slow.read();
    value = next["value"];
    missed += next["missed"].get<std::uint64_t>();
  }
  EXPECT_EQ(heard + missed, 4001U);
  EXPECT_GT(missed, 0U);
}

TEST_F(topics, keep_a_bounded_amount_for_a_node_that_is_frozen) {
  const auto patient = topic_node({"--cluster-failure-timeout", "60s"});
  gateway front{patient};
  worker frozen{front, "frozen", patient};
  ASSERT_TRUE(wait_for_nodes(front, {"frozen"}));
  auto all = join(front, {front.pid(), frozen.pid()}, "/topics/news?gaps=true&capacity=4000");
  wait_until_all_are_heard(all);
  all.erase(front.pid()); // else its own node would keep all of it for that one
  auto flood = std::make_unique<participant>(front, "/topics/news?count=4000&size=65536&capacity=1");
  while (flood->pid() != front.pid())
    flood = std::make_unique<participant>(front, "/topics/news?count=4000&size=65536&capacity=1");
  frozen.signal(SIGSTOP);
  const auto before = figures_of(front.pid()).resident_bytes;
  flood->publish("");
  while (!flood->read().contains("done")) {
  }
  const auto after = figures_of(front.pid()).resident_bytes;
  figure("published_mib", 4000 * 65536 / static_cast<long long>(mebibyte));
  figure("gateway_grew_mib", static_cast<long long>((after - std::min(after, before)) / mebibyte));
  frozen.signal(SIGCONT);
  std::uint64_t heard = 0, missed = 0;
  while (heard + missed < 4000) {
    const auto next = all.at(frozen.pid())->read();
    heard += next["gap"] ? 0 : 1;
    missed += next["missed"].get<std::uint64_t>();
  }
  figure("kept_mib", static_cast<long long>(heard * 65536 / mebibyte));
  EXPECT_LE(heard, 400U) << "8 MiB on each of its two ways, and what sockets and loops have";
}

TEST_F(topics, say_that_something_may_be_missed_from_a_node_that_was_cut_off) {
  const auto hasty = topic_node({"--cluster-failure-timeout", "1s"});
  gateway front{hasty};
  worker frozen{front, "frozen", hasty};
  ASSERT_TRUE(wait_for_nodes(front, {"frozen"}));
  auto all = join(front, {front.pid(), frozen.pid()}, "/topics/news?gaps=true");
  auto& here = *all.at(front.pid());
  wait_until_all_are_heard(all);
  here.publish("begin");
  here.read_to("begin");
  frozen.signal(SIGSTOP);
  ASSERT_TRUE(wait_until_gone(front, "frozen"));
  frozen.signal(SIGCONT);
  while (!here.read()["gap"]) {
  }
  EXPECT_TRUE(wait_for_nodes(front, {"frozen"}));
  auto back = join(front, {front.pid(), frozen.pid()}, "/topics/news");
  wait_until_heard(here, *back.at(frozen.pid()));
}

TEST_F(topics, go_on_by_another_gateway_when_one_is_killed) {
  gateway front{topic_node({"--no-local-workers"})};
  gateway second{topic_node({"--no-local-workers", "--peers", front.cluster_address()})};
  worker one{front, "one", topic_node()}, other{front, "other", topic_node()};
  for (const auto* at : {&front, &second})
    ASSERT_TRUE(wait_for_nodes(*at, {"one", "other"}));
  auto all = join(front, {one.pid(), other.pid()}, "/topics/news");
  wait_until_all_are_heard(all);
  second.kill();
  for (const auto* each : {&one, &other})
    ASSERT_TRUE(each->lost(second));
  wait_until_all_are_heard(all);
}

} // namespace
} // namespace troupe::test
