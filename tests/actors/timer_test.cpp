#include "actors/detail/timer.hpp"

#include "actors/detail/suspended.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace troupe::detail {
namespace {

using std::chrono::milliseconds;

steady_time at(int ms) {
  return steady_time{} + milliseconds{ms};
}

/// A timer that writes its name down when it fires, then does `then`.
struct alarm_clock {
  alarm_clock(std::vector<std::string>& l, std::string n) : list(l), name(std::move(n)) {}
  void set(timer_queue& queue, int ms) {
    own.arm(
        queue, at(ms),
        [](void* self) {
          auto& clock = *static_cast<alarm_clock*>(self);
          clock.list.push_back(clock.name);
          if (clock.then)
            clock.then();
        },
        this);
  }
  std::vector<std::string>& list;
  std::string name;
  std::function<void()> then;
  timer own;
};

class timers : public testing::Test {
protected:
  using names = std::vector<std::string>;
  std::vector<steady_time> announced_;
  timer_queue queue_{[this](steady_time when) { announced_.push_back(when); }};
  names fired_;
  alarm_clock a_{fired_, "a"}, b_{fired_, "b"}, c_{fired_, "c"};
};

TEST_F(timers, fire_when_due_in_order_of_time_then_of_arming) {
  c_.set(queue_, 20);
  b_.set(queue_, 10);
  a_.set(queue_, 10);
  queue_.run_due(at(9));
  EXPECT_EQ(fired_, names{});
  queue_.run_due(at(10));
  EXPECT_EQ(fired_, (names{"b", "a"}));
  EXPECT_FALSE(a_.own.armed());
  EXPECT_TRUE(c_.own.armed());
  EXPECT_EQ(c_.own.when(), at(20));
  queue_.run_due(at(100));
  queue_.run_due(at(200));
  EXPECT_EQ(fired_, (names{"b", "a", "c"}));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(timers, armed_again_fire_at_the_new_time_only) {
  a_.set(queue_, 10);
  b_.set(queue_, 10);
  a_.set(queue_, 30); // later
  queue_.run_due(at(20));
  EXPECT_EQ(fired_, names{"b"});
  a_.set(queue_, 21); // earlier
  queue_.run_due(at(25));
  queue_.run_due(at(40));
  EXPECT_EQ(fired_, (names{"b", "a"}));
}

TEST_F(timers, disarmed_do_not_fire) {
  a_.set(queue_, 10);
  a_.own.disarm();
  a_.own.disarm();
  EXPECT_FALSE(a_.own.armed());
  EXPECT_TRUE(queue_.empty());
  {
    alarm_clock gone{fired_, "gone"};
    gone.set(queue_, 10);
  }
  queue_.run_due(at(10));
  EXPECT_EQ(fired_, names{});
}

TEST_F(timers, may_disarm_arm_and_destroy_others_while_they_fire) {
  auto d = std::make_unique<alarm_clock>(fired_, "d");
  a_.set(queue_, 10);
  b_.set(queue_, 10);
  c_.set(queue_, 50);
  d->set(queue_, 11);
  a_.then = [&] {
    b_.own.disarm();
    c_.set(queue_, 12);
    d.reset();
  };
  queue_.run_due(at(20));
  EXPECT_EQ(fired_, (names{"a", "c"}));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(timers, may_arm_and_destroy_themselves_while_they_fire) {
  a_.then = [&] {
    if (fired_.size() < 3)
      a_.set(queue_, static_cast<int>(fired_.size()) * 10);
  };
  a_.set(queue_, 0);
  queue_.run_due(at(15));
  EXPECT_EQ(fired_, (names{"a", "a"}));
  queue_.run_due(at(20));
  EXPECT_EQ(fired_, (names{"a", "a", "a"}));

  auto brief = std::make_unique<alarm_clock>(fired_, "brief");
  brief->then = [&] { brief.reset(); };
  brief->set(queue_, 30);
  queue_.run_due(at(30));
  EXPECT_EQ(fired_.back(), "brief");
  EXPECT_EQ(brief, nullptr);
}

TEST_F(timers, announce_a_deadline_only_when_it_is_earlier_than_the_last_one) {
  const auto take = [&] { return std::exchange(announced_, {}); };
  using times = std::vector<steady_time>;
  a_.set(queue_, 20);
  EXPECT_EQ(take(), times{at(20)});
  b_.set(queue_, 30);
  EXPECT_EQ(take(), times{});
  c_.set(queue_, 10);
  EXPECT_EQ(take(), times{at(10)});
  queue_.run_due(at(10));
  EXPECT_EQ(take(), times{at(20)});
  queue_.run_due(at(15)); // woken too early: asks again
  EXPECT_EQ(take(), times{at(20)});
  queue_.run_due(at(40));
  EXPECT_EQ(take(), times{});
}

TEST_F(timers, outlive_their_queue_disarmed) {
  {
    timer_queue brief{[](steady_time) {}};
    a_.set(brief, 10);
    b_.set(brief, 10);
    b_.set(queue_, 10); // moves over
  }
  EXPECT_FALSE(a_.own.armed());
  EXPECT_TRUE(b_.own.armed());
  a_.set(queue_, 5);
  queue_.run_due(at(10));
  EXPECT_EQ(fired_, (names{"a", "b"}));
}

TEST(timers_at_random, fire_exactly_when_their_last_arming_says) {
  std::mt19937 random{7};
  timer_queue queue{[](steady_time) {}};
  struct entry {
    timer own;
    int due = -1; // -1: not armed
    bool fired = false;
  };
  std::vector<entry> all(50);
  for (int now = 0; now < 2000; ++now) {
    for (int i = 0; i < 5; ++i) {
      auto& any = all[random() % all.size()];
      if (random() % 4 == 0) {
        any.own.disarm();
        any.due = -1;
      } else {
        any.due = now + static_cast<int>(random() % 100);
        any.own.arm(
            queue, at(any.due), [](void* x) { static_cast<entry*>(x)->fired = true; }, &any);
      }
    }
    queue.run_due(at(now));
    for (auto& each : all) {
      ASSERT_EQ(std::exchange(each.fired, false), each.due >= 0 && each.due <= now) << now;
      if (each.due <= now)
        each.due = -1;
      ASSERT_EQ(each.own.armed(), each.due >= 0) << now;
    }
  }
}

struct waiter : suspended {};

TEST(wait_list, gives_its_waiters_in_the_order_in_which_they_came) {
  wait_list list;
  waiter a, b, c;
  EXPECT_TRUE(list.empty());
  for (auto* each : {&a, &b, &c})
    list.push_back(*each);
  list.push_back(a); // to the end
  for (auto* each : {&b, &c, &a}) {
    EXPECT_TRUE(each->linked());
    EXPECT_EQ(&list.pop_front(), each);
    EXPECT_FALSE(each->linked());
  }
  EXPECT_TRUE(list.empty());
}

TEST(wait_list, forgets_a_waiter_that_is_destroyed_or_goes_elsewhere) {
  wait_list list, other;
  waiter a, c;
  list.push_back(a);
  {
    waiter gone;
    list.push_back(gone);
    list.push_back(c);
  }
  other.push_back(a);
  EXPECT_EQ(&list.pop_front(), &c);
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(&other.pop_front(), &a);
  a.unlink(); // harmless when it waits nowhere
}

TEST(wait_list, leaves_its_waiters_unlinked_when_it_is_destroyed) {
  waiter a, b;
  {
    wait_list list;
    list.push_back(a);
    list.push_back(b);
  }
  EXPECT_FALSE(a.linked());
  EXPECT_FALSE(b.linked());
}

} // namespace
} // namespace troupe::detail
