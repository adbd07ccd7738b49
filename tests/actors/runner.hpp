#pragma once

#include "actors/combine.hpp"
#include "actors/detail/coroutine_actor.hpp"
#include "tests/support/deadline.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Message to a runner: call `run` on its loop.
struct errand {
  std::function<void(context&)> run;
};

/// An actor that runs whatever coroutines a test gives it.
class runner final : public detail::coroutine_actor {
public:
  using coroutine_actor::coroutine_actor;
  caf::behavior make_behavior() override;
  std::string host_name() const override { return "runner"; }
  detail::actor_view view() const override { return {}; }
  void child_lost(const std::string& why) override { lost.push_back(why); }

  std::vector<std::string> lost;

protected:
  void drop_work() override {}
};

/// What an actor of a test knows about its node.
detail::node_services_ptr test_node(caf::actor database = {},
                                    std::vector<detail::event_loop*> loops = {});

/// Event loops with real threads, and actors on them that are ended before the loops.
class loop_bench {
public:
  /// `networked`: with CAF's middleman and the messages that cross nodes.
  explicit loop_bench(unsigned loops = 1, bool networked = false);
  loop_bench(const loop_bench&) = delete;
  loop_bench& operator=(const loop_bench&) = delete;
  ~loop_bench();

  [[nodiscard]] caf::actor_system& system() noexcept { return system_; }
  [[nodiscard]] detail::event_loop& loop(std::size_t index = 0) { return *loops_[index]; }
  /// A blocking actor for the test's own thread.
  [[nodiscard]] caf::scoped_actor& self() noexcept { return self_; }

  template <class Actor, class... Args>
  caf::actor spawn(Args&&... args) {
    return own(detail::spawn_pinned<Actor>(loop(), std::forward<Args>(args)...));
  }
  caf::actor own(caf::actor made);
  /// On the first loop; `placement::spread` uses all.
  caf::actor spawn_runner(caf::actor database = {});

  /// Ends the actor and waits until it is down.
  void end(const caf::actor& who);

  /// What the runner has heard of its actors that were beyond help.
  std::vector<std::string> lost_by(const caf::actor& who);

  /// Calls `fn` on the runner's loop; does not wait.
  static void send(const caf::actor& to, std::function<void(context&)> fn);

  /// Runs the coroutine `work(context&)` on `where` to its end and gives its result; an exception
  /// is a test failure.
  template <class F>
  auto run_on(const caf::actor& where, F work);
  /// The same on a runner of the bench's own.
  template <class F>
  auto run(F work) {
    return run_on(runner_, std::move(work));
  }

private:
  template <class T, class F>
  static task<void> report(context& ctx, F work, std::shared_ptr<std::promise<T>> done);

  struct config : caf::actor_system_config {
    explicit config(bool networked);
  };

  config config_;
  caf::actor_system system_;
  std::vector<std::unique_ptr<detail::event_loop>> loops_;
  caf::scoped_actor self_;
  std::vector<caf::actor> owned_;
  caf::actor runner_;
};

template <class T, class F>
task<void> loop_bench::report(context& ctx, F work, std::shared_ptr<std::promise<T>> done) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await work(ctx);
      done->set_value();
    } else {
      done->set_value(co_await work(ctx));
    }
  } catch (const std::exception& e) {
    ADD_FAILURE() << "the coroutine threw: " << e.what();
  }
}

template <class F>
auto loop_bench::run_on(const caf::actor& where, F work) {
  using result = typename std::invoke_result_t<F&, context&>::value_type;
  auto done = std::make_shared<std::promise<result>>();
  auto ended = done->get_future();
  send(where, [done = std::move(done), work = std::move(work)](context& ctx) mutable {
    static_cast<void>(ctx.spawn(report<result>(ctx, std::move(work), std::move(done))));
  });
  if (ended.wait_for(scaled(soon)) != std::future_status::ready) {
    end(where); // with the coroutine, which may refer to what the test is about to destroy
    throw std::runtime_error("the coroutine did not end");
  }
  return ended.get();
}

/// How `work` ended: "no error", "not_found: no such row", or the text of another exception.
template <class T>
task<std::string> outcome(task<T> work) {
  try {
    static_cast<void>(co_await std::move(work));
  } catch (const error& e) {
    co_return std::string{to_string(e.code())} + ": " + e.what();
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "no error";
}

/// Lets the coroutines of this loop run that are ready, and those that they wake, and so on.
task<> settle();

/// The end of a task that a test starts by hand, to be able to destroy it.
struct end_flag final : detail::completion {
  std::coroutine_handle<> completed() noexcept override {
    ended = true;
    return std::noop_coroutine();
  }
  bool ended = false;
};

/// Alive until the frame that holds it is destroyed: `use_count()` tells how many are.
using token = std::shared_ptr<const char>;
inline token make_token() {
  return std::make_shared<const char>();
}

} // namespace troupe::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::test::errand)
