#include "storage/detail/cancellations.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>

namespace troupe::storage::test {
namespace {

TEST(cancellations, tell_when_they_are_over_and_do_not_wait_for_each_other) {
  cancellations all;
  std::promise<void> answer;
  std::promise<void> first;
  ASSERT_TRUE(all.begin([hangs = answer.get_future().share()] { hangs.wait(); }, [&] { first.set_value(); }));
  std::promise<void> second;
  ASSERT_TRUE(all.begin([] {}, [&] { second.set_value(); }));
  second.get_future().wait();
  answer.set_value();
  first.get_future().wait();
}

TEST(cancellations, are_refused_while_too_many_hang) {
  cancellations all;
  std::promise<void> answer;
  const auto hangs = answer.get_future().share();
  std::vector<std::promise<void>> told(cancellations::most_at_once);
  for (auto& each : told)
    ASSERT_TRUE(all.begin([hangs] { hangs.wait(); }, [&each] { each.set_value(); }));
  EXPECT_FALSE(all.begin([] {}, [] { FAIL() << "run all the same"; }));
  answer.set_value();
  for (auto& each : told)
    each.get_future().wait();
  std::promise<void> after;
  EXPECT_TRUE(all.begin([] {}, [&] { after.set_value(); }));
  after.get_future().wait();
}

} // namespace
} // namespace troupe::storage::test
