// The benchmarks as stateful actors of Troupe that tell each other messages.
#include "bench/savina/savina.hpp"

#include "actors/block_on.hpp"
#include "actors/oneshot.hpp"

#include <chrono>
#include <random>
#include <thread>
#include <vector>

namespace savina::ours {

namespace {

using namespace troupe;

using done_sender = oneshot<std::int64_t>::sender_end;

actor_options at(placement where) {
  return {.mailbox = 0, .where = where};
}

/// The cores, at least two, for `spread`; one loop otherwise.
unsigned loops_for(placement where) {
  return where == placement::here ? 1 : std::max(2U, std::thread::hardware_concurrency());
}

/// Runs `work(context&, sender)` until the sender has been used; checks what it sends.
template <class F>
double timed(placement where, const char* what, std::int64_t expected, F work) {
  return block_on(
    [&](context& ctx) -> task<double> {
      oneshot<std::int64_t> done;
      const auto begun = std::chrono::steady_clock::now();
      work(ctx, std::move(done.sender));
      const auto result = co_await done.receiver.recv();
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
      expect(result.value_or(-1), expected, what);
      co_return took.count();
    },
    loops_for(where), true);
}

// -- ping-pong --------------------------------------------------------------------------------------

struct ping_actor;
struct pong_actor;

struct pong {};
struct ping {
  actor_ref<ping_actor> from;
};
struct start_ping {
  actor_ref<ping_actor> self;
  actor_ref<pong_actor> other;
  done_sender done;
};

struct pong_actor {
  void handle(context& ctx, ping what);
};

struct ping_actor {
  void handle(context& ctx, start_ping what) {
    mine = std::make_unique<start_ping>(std::move(what));
    ctx.tell(mine->other, ping{mine->self});
  }
  void handle(context& ctx, pong) {
    if (++count < ping_pong_messages)
      ctx.tell(mine->other, ping{mine->self});
    else
      mine->done.send(count);
  }
  std::unique_ptr<start_ping> mine;
  int count = 0;
};

void pong_actor::handle(context& ctx, ping what) {
  ctx.tell(what.from, pong{});
}

// -- counting ---------------------------------------------------------------------------------------

struct increment {};
struct report_count {
  done_sender done;
};

struct counter {
  void handle(increment) { ++count; }
  void handle(report_count what) { what.done.send(count); }
  std::int64_t count = 0;
};

struct start_counting {
  actor_ref<counter> to;
  done_sender done;
};

struct producer {
  void handle(context& ctx, start_counting what) {
    for (int i = 0; i < counting_messages; ++i)
      ctx.tell(what.to, increment{});
    ctx.tell(what.to, report_count{std::move(what.done)});
  }
};

// -- fork-join --------------------------------------------------------------------------------------

struct finished {};

/// Counts how many have finished.
struct join_point {
  explicit join_point(int n, std::shared_ptr<done_sender> d) : left(n), total(n), done(std::move(d)) {}
  void handle(finished) {
    if (--left == 0)
      done->send(total);
  }
  int left;
  int total;
  std::shared_ptr<done_sender> done;
};

actor_ref<join_point> make_join_point(context& ctx, int count, done_sender done) {
  return ctx.spawn_actor<join_point>({.mailbox = 0}, count,
                                     std::make_shared<done_sender>(std::move(done)));
}

struct work_once {
  int seed;
  actor_ref<join_point> to;
};

struct forked {
  void handle(context& ctx, work_once what) {
    result = some_work(what.seed);
    ctx.tell(what.to, finished{});
  }
  double result = 0;
};

struct work_again {};

struct repeated {
  explicit repeated(actor_ref<join_point> j) : join(std::move(j)) {}
  void handle(context& ctx, work_again) {
    result += some_work(count);
    if (++count == throughput_messages)
      ctx.tell(join, finished{});
  }
  actor_ref<join_point> join;
  double result = 0;
  int count = 0;
};

// -- thread-ring ------------------------------------------------------------------------------------

struct ring_member;
struct token {
  int left;
};
struct link_to {
  actor_ref<ring_member> next;
  std::shared_ptr<done_sender> done;
};

struct ring_member {
  void handle(link_to what) { mine = std::move(what); }
  void handle(context& ctx, token what) {
    if (what.left > 0)
      ctx.tell(mine.next, token{what.left - 1});
    else
      mine.done->send(ring_hops);
  }
  link_to mine;
};

// -- big --------------------------------------------------------------------------------------------

struct big_member;
struct big_pong {};
struct big_ping {
  actor_ref<big_member> from;
};
struct big_start {
  actor_ref<big_member> self;
  std::shared_ptr<const std::vector<actor_ref<big_member>>> all;
  actor_ref<join_point> join;
};

struct big_member {
  explicit big_member(unsigned seed) : chance(seed) {}
  void handle(context& ctx, big_start what) {
    mine = std::move(what);
    send_ping(ctx);
  }
  void handle(context& ctx, big_ping what) { ctx.tell(what.from, big_pong{}); }
  void handle(context& ctx, big_pong) {
    if (++count < big_pings)
      send_ping(ctx);
    else
      ctx.tell(mine.join, finished{});
  }
  void send_ping(context& ctx) {
    ctx.tell((*mine.all)[chance() % mine.all->size()], big_ping{mine.self});
  }
  big_start mine;
  std::minstd_rand chance;
  int count = 0;
};

} // namespace

double ping_pong(placement where) {
  return timed(where, "ping-pong", ping_pong_messages, [&](context& ctx, done_sender done) {
    auto one = ctx.spawn_actor<ping_actor>(at(where));
    auto other = ctx.spawn_actor<pong_actor>(at(where));
    ctx.tell(one, start_ping{one, other, std::move(done)});
  });
}

double counting(placement where) {
  return timed(where, "counting", counting_messages, [&](context& ctx, done_sender done) {
    auto to = ctx.spawn_actor<counter>(at(where));
    auto from = ctx.spawn_actor<producer>(at(where));
    ctx.tell(from, start_counting{to, std::move(done)});
  });
}

double fork_join_create(placement where) {
  return timed(where, "fork-join create", fork_join_actors, [&](context& ctx, done_sender done) {
    auto join = make_join_point(ctx, fork_join_actors, std::move(done));
    for (int i = 0; i < fork_join_actors; ++i)
      ctx.tell(ctx.spawn_actor<forked>(at(where)), work_once{i, join});
  });
}

double fork_join_throughput(placement where) {
  return timed(where, "fork-join throughput", throughput_actors, [&](context& ctx, done_sender done) {
    auto join = make_join_point(ctx, throughput_actors, std::move(done));
    std::vector<actor_ref<repeated>> all;
    for (int i = 0; i < throughput_actors; ++i)
      all.push_back(ctx.spawn_actor<repeated>(at(where), join));
    for (int i = 0; i < throughput_messages; ++i)
      for (const auto& each : all)
        ctx.tell(each, work_again{});
  });
}

double thread_ring(placement where) {
  return timed(where, "thread-ring", ring_hops, [&](context& ctx, done_sender done) {
    const auto shared = std::make_shared<done_sender>(std::move(done));
    std::vector<actor_ref<ring_member>> all;
    for (int i = 0; i < ring_actors; ++i)
      all.push_back(ctx.spawn_actor<ring_member>(at(where)));
    for (std::size_t i = 0; i < all.size(); ++i)
      ctx.tell(all[i], link_to{all[(i + 1) % all.size()], shared});
    ctx.tell(all.front(), token{ring_hops});
  });
}

double big(placement where) {
  return timed(where, "big", big_actors, [&](context& ctx, done_sender done) {
    auto join = make_join_point(ctx, big_actors, std::move(done));
    auto all = std::make_shared<std::vector<actor_ref<big_member>>>();
    for (unsigned i = 0; i < big_actors; ++i)
      all->push_back(ctx.spawn_actor<big_member>(at(where), i + 1));
    for (const auto& each : *all)
      ctx.tell(each, big_start{each, all, join});
  });
}

} // namespace savina::ours
