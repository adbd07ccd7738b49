#include "gateway/detail/connection_counts.hpp"

#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace troupe::gateway {
namespace {

using verdict = connection_counts::verdict;

connection_counts::places places(const connection_counts& in, const std::string& text) {
  return in.places_of(config::parse_address(text).value());
}

config::http_settings limits(unsigned all, unsigned of_client) {
  config::http_settings out;
  out.max_connections = all;
  out.max_connections_per_client = of_client;
  return out;
}

TEST(connection_counts, admits_up_to_the_limit_of_all) {
  connection_counts counts{limits(2, 0)};
  const auto one = places(counts, "192.0.2.1");
  EXPECT_EQ(counts.enter(one), verdict::admitted);
  EXPECT_EQ(counts.enter(one), verdict::admitted);
  EXPECT_EQ(counts.enter(places(counts, "192.0.2.2")), verdict::too_many);
  counts.leave(one);
  EXPECT_EQ(counts.enter(places(counts, "192.0.2.2")), verdict::admitted);
}

TEST(connection_counts, keeps_one_client_from_taking_all_places) {
  connection_counts counts{limits(100, 2)};
  const auto greedy = places(counts, "192.0.2.1");
  EXPECT_EQ(counts.enter(greedy), verdict::admitted);
  EXPECT_EQ(counts.enter(greedy), verdict::admitted);
  for (int i = 0; i < 10; ++i) // who is refused takes no place
    EXPECT_EQ(counts.enter(greedy), verdict::too_many_of_client);
  EXPECT_EQ(counts.enter(places(counts, "192.0.2.2")), verdict::admitted);
  counts.leave(greedy);
  EXPECT_EQ(counts.enter(greedy), verdict::admitted);
}

TEST(connection_counts, tells_addresses_apart) {
  connection_counts counts{limits(100'000, 1)};
  int admitted = 0;
  for (int i = 0; i < 4096; ++i)
    admitted += counts.enter(places(counts, "10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256)))
                    == verdict::admitted
                  ? 1
                  : 0;
  EXPECT_GE(admitted, 4096 - 100); // a few share a place in both tables
}

TEST(connection_counts, takes_an_ipv6_network_for_one_client) {
  const connection_counts counts{limits(100, 2)};
  EXPECT_EQ(places(counts, "2001:db8:1:2::1"), places(counts, "2001:db8:1:2:ffff::9"));
  EXPECT_NE(places(counts, "2001:db8:1:2::1"), places(counts, "2001:db8:1:3::1"));
}

TEST(connection_counts, takes_an_ipv4_address_in_ipv6_form_for_what_it_is) {
  const connection_counts counts{limits(100, 2)};
  EXPECT_EQ(places(counts, "::ffff:192.0.2.1"), places(counts, "192.0.2.1"));
  EXPECT_NE(places(counts, "::ffff:192.0.2.2"), places(counts, "192.0.2.1"));
}

TEST(connection_counts, loses_none_when_many_loops_count) {
  connection_counts counts{limits(1'000'000, 1'000'000)};
  const auto client = places(counts, "192.0.2.1");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) {
        EXPECT_EQ(counts.enter(client), verdict::admitted);
        counts.leave(client);
      }
    });
  for (auto& each : threads)
    each.join();
  for (int n = 0; n < 1'000'000; ++n)
    ASSERT_EQ(counts.enter(client), verdict::admitted);
  EXPECT_EQ(counts.enter(client), verdict::too_many);
}

} // namespace
} // namespace troupe::gateway
