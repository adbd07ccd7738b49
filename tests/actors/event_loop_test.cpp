#include "actors/detail/event_loop.hpp"

#include "tests/actors/runner.hpp"

#include <caf/resumable.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

namespace troupe::test {

/// What two actors send each other.
struct ball {
  int hits = 0;
};

} // namespace troupe::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::test::ball)

namespace troupe::test {
namespace {

using detail::event_loop;

/// What a loop runs, as an actor is: calls `turn` until that says it is done.
class job final : public caf::resumable {
public:
  explicit job(std::function<bool()> turn) : turn_(std::move(turn)) {}
  subtype_t subtype() const override { return function_object; }
  resume_result resume(caf::execution_unit*, std::size_t) override {
    return turn_() ? done : resume_later;
  }
  void intrusive_ptr_add_ref_impl() override { ++references_; }
  void intrusive_ptr_release_impl() override {
    if (--references_ == 0)
      delete this;
  }

private:
  std::function<bool()> turn_;
  std::atomic<int> references_{1};
};

/// Counts down to zero; the test waits for that.
class countdown {
public:
  explicit countdown(int from) : left_(from) {}
  void tick() {
    if (--left_ == 0)
      done_.set_value();
  }
  [[nodiscard]] bool wait() {
    return done_.get_future().wait_for(scaled(soon)) == std::future_status::ready;
  }

private:
  std::atomic<int> left_;
  std::promise<void> done_;
};

class loops : public testing::Test {
protected:
  /// Runs `fn` on the loop and waits until it has returned.
  static void on(event_loop& loop, const std::function<void()>& fn) {
    countdown done{1};
    loop.post([&] {
      fn();
      done.tick();
    });
    ASSERT_TRUE(done.wait());
  }

  template <class F>
  static void from_threads(int count, F fn) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i)
      threads.emplace_back(fn, i);
    for (auto& each : threads)
      each.join();
  }

  loop_bench bench_{2};
};

TEST_F(loops, run_what_is_posted_on_their_own_thread_in_order) {
  constexpr int senders = 4, each = 1000;
  auto& loop = bench_.loop();
  EXPECT_EQ(event_loop::current(), nullptr);
  std::vector<int> last(senders, -1);
  std::set<std::thread::id> threads;
  countdown done{senders * each};
  from_threads(senders, [&](int sender) {
    for (int i = 0; i < each; ++i)
      loop.post([&, sender, i] {
        EXPECT_EQ(last[sender] + 1, i);
        last[sender] = i;
        threads.insert(std::this_thread::get_id());
        EXPECT_EQ(event_loop::current(), &loop);
        done.tick();
      });
  });
  ASSERT_TRUE(done.wait());
  EXPECT_EQ(threads.size(), 1u);
  EXPECT_EQ(threads.count(std::this_thread::get_id()), 0u);
}

TEST_F(loops, run_each_job_of_other_threads_once_and_release_it) {
  constexpr int senders = 4, each = 2000;
  auto held = make_token();
  std::vector<int> last(senders, -1);
  countdown done{senders * each};
  from_threads(senders, [&](int sender) {
    for (int i = 0; i < each; ++i)
      bench_.loop().enqueue(new job{[&, sender, i, held] {
        EXPECT_EQ(last[sender] + 1, i);
        last[sender] = i;
        done.tick();
        return true;
      }});
  });
  ASSERT_TRUE(done.wait());
  on(bench_.loop(), [] {}); // the last job has been released
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(loops, leave_room_for_others_beside_a_job_that_always_has_work) {
  std::atomic<bool> enough{false};
  countdown ended{1};
  bench_.loop().enqueue(new job{[&] {
    if (!enough)
      return false;
    ended.tick();
    return true;
  }});
  on(bench_.loop(), [&] { enough = true; }); // I/O gets its turn
  EXPECT_TRUE(ended.wait());
}

TEST_F(loops, release_jobs_that_they_never_run) {
  auto held = make_token();
  {
    event_loop never_started{bench_.system(), 9};
    for (int i = 0; i < 3; ++i)
      never_started.enqueue(new job{[held] { return true; }});
    EXPECT_EQ(held.use_count(), 4);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(loops, fire_timers_on_their_thread) {
  countdown fired{3};
  struct repeating {
    countdown& count;
    event_loop& loop;
    detail::timer own;
    int left = 3;
    void arm() {
      own.arm(
          loop.timers(), std::chrono::steady_clock::now() + std::chrono::milliseconds{1},
          [](void* self) {
            auto& timer = *static_cast<repeating*>(self);
            EXPECT_EQ(event_loop::current(), &timer.loop);
            if (--timer.left > 0)
              timer.arm();
            timer.count.tick();
          },
          this);
    }
  } timer{fired, bench_.loop(), {}};
  on(bench_.loop(), [&] { timer.arm(); });
  EXPECT_TRUE(fired.wait());
  on(bench_.loop(), [&] { EXPECT_FALSE(timer.own.armed()); });
}

TEST_F(loops, stop_although_timers_and_jobs_are_waiting) {
  auto held = make_token();
  detail::timer far;
  {
    event_loop loop{bench_.system(), 9};
    far.arm(
        loop.timers(), std::chrono::steady_clock::now() + std::chrono::hours{1},
        [](void*) { ADD_FAILURE(); }, nullptr);
    loop.start();
    countdown busy{1};
    loop.enqueue(new job{[&busy, held, first = true]() mutable {
      if (std::exchange(first, false))
        busy.tick();
      return false; // for ever
    }});
    ASSERT_TRUE(busy.wait());
    loop.stop();
    loop.join();
  }
  EXPECT_FALSE(far.armed());
  EXPECT_EQ(held.use_count(), 1);
}

/// Writes its name down when it runs, then does `then`.
struct late final : detail::deferred {
  late(event_loop& l, std::vector<std::string>& o, std::string n)
      : loop(l), list(o), name(std::move(n)) {}
  ~late() { loop.undefer(*this); }
  void run_deferred() override {
    list.push_back(name);
    if (then)
      then();
  }
  event_loop& loop;
  std::vector<std::string>& list;
  std::string name;
  std::function<void()> then;
};

class deferred_work : public loops {
protected:
  using names = std::vector<std::string>;
  /// What happens in one step that begins with `fn`, and after it.
  names step(const std::function<void()>& fn) {
    on(loop_, fn);
    on(loop_, [] {});
    return std::exchange(list_, {});
  }
  event_loop& loop_ = bench_.loop();
  names list_;
};

TEST_F(deferred_work, runs_once_after_all_jobs_of_the_step) {
  late a{loop_, list_, "a"}, b{loop_, list_, "b"};
  EXPECT_EQ(step([&] {
              loop_.defer(b);
              loop_.defer(a);
              loop_.defer(b);
              for (const auto* name : {"job 1", "job 2"})
                loop_.enqueue(new job{[&, name] {
                  list_.push_back(name);
                  loop_.defer(a);
                  return true;
                }});
              list_.push_back("here");
            }),
            (names{"here", "job 1", "job 2", "b", "a"}));
}

TEST_F(deferred_work, runs_again_when_it_is_asked_for_again) {
  late a{loop_, list_, "a"}, b{loop_, list_, "b"};
  int times = 0;
  a.then = [&] {
    if (++times < 3)
      loop_.defer(a);
    if (times == 1)
      loop_.defer(b);
  };
  EXPECT_EQ(step([&] { loop_.defer(a); }), (names{"a", "a", "b", "a"}));
  EXPECT_EQ(step([&] { loop_.defer(b); }), (names{"b"}));
}

TEST_F(deferred_work, does_not_run_once_it_is_taken_out) {
  late a{loop_, list_, "a"}, b{loop_, list_, "b"};
  auto c = std::make_unique<late>(loop_, list_, "c");
  EXPECT_EQ(step([&] {
              loop_.defer(a);
              loop_.defer(b);
              loop_.undefer(a);
              loop_.undefer(a);
            }),
            names{"b"});
  a.then = [&] { // while the list is being run
    loop_.undefer(b);
    c.reset();
  };
  EXPECT_EQ(step([&] {
              loop_.defer(a);
              loop_.defer(b);
              loop_.defer(*c);
            }),
            names{"a"});
  a.then = [&] {
    loop_.undefer(b);
    loop_.defer(b); // out and in again: it still runs once
  };
  EXPECT_EQ(step([&] {
              loop_.defer(a);
              loop_.defer(b);
            }),
            (names{"a", "b"}));
}

/// Sends the ball back until it has been hit often enough.
class player final : public detail::pinned_actor {
public:
  player(caf::actor_config& config, event_loop& where, countdown& done, int enough)
      : pinned_actor(config, where), done_(done), enough_(enough) {}
  caf::behavior make_behavior() override {
    return {[this](ball& what) {
      EXPECT_EQ(event_loop::current(), &loop());
      if (what.hits == enough_)
        done_.tick();
      else
        detail::deliver(current_sender(), caf::strong_actor_ptr{ctrl()}, ball{what.hits + 1});
    }};
  }

private:
  countdown& done_;
  int enough_;
};

TEST_F(loops, exchange_thousands_of_messages_between_pinned_actors) {
  constexpr int balls = 32, hits = 500;
  countdown done{balls};
  const auto make = [&](std::size_t loop) {
    return caf::actor_cast<caf::strong_actor_ptr>(
        bench_.own(detail::spawn_pinned<player>(bench_.loop(loop), done, hits)));
  };
  const auto left = make(0);
  const auto right = make(1);
  for (int i = 0; i < balls; ++i)
    detail::deliver(left, right, ball{});
  EXPECT_TRUE(done.wait());
}

} // namespace
} // namespace troupe::test
