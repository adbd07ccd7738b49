// Who belongs to a cluster (membership), a worker node's side of it (gateway_link), and how
// requests reach its workers (dispatcher).
#include "actors/cluster/dispatcher.hpp"
#include "actors/cluster/gateway_link.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/detail/busy_gauge.hpp"
#include "actors/detail/lateness.hpp"
#include "actors/detail/worker_actor.hpp"
#include "actors/messages/local.hpp"
#include "tests/actors/runner.hpp"

#include <caf/io/all.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <map>

namespace troupe::test {
namespace {

service_announcement offer(std::string name, std::vector<std::string> gets,
                           bool singleton = false) {
  service_announcement out{std::move(name), singleton, {}};
  for (auto& each : gets)
    out.routes.push_back({http_method::get, std::move(each)});
  return out;
}

/// "here: users | b: orders users | departed: old", a view in words.
std::string describe(const cluster_view& view) {
  std::string out;
  const auto add = [&](const std::string& name, const std::vector<service_announcement>& services) {
    out += (out.empty() ? "" : " | ") + name + ":";
    for (const auto& each : services)
      out += " " + each.name;
  };
  for (const auto& each : view.nodes)
    add(each.name, each.services);
  if (!view.departed.empty())
    add("departed", view.departed);
  return out;
}

/// A worker node as membership sees it: an actor that sends and receives.
class peer {
public:
  explicit peer(loop_bench& bench, caf::actor gateway)
      : self_(bench.system()), gateway_(std::move(gateway)) {}

  std::string greet(const std::string& name, std::uint32_t protocol = protocol_version) {
    name_ = name;
    self_->send(gateway_, hello{protocol, name, "9.9"});
    return answer();
  }
  std::string join(std::vector<service_announcement> services) {
    return join(std::move(services), {caf::actor{self_}});
  }
  std::string join(std::vector<service_announcement> services, std::vector<caf::actor> dispatchers) {
    self_->send(gateway_, join_request{name_, id_, 2, 100, std::move(services), {}, std::move(dispatchers)});
    return answer();
  }
  std::string enter(const std::string& name, std::vector<service_announcement> services, std::uint64_t id = 0) {
    id_ = id != 0 ? id : id_;
    const auto greeting = greet(name);
    return greeting == "welcome to gw" ? join(std::move(services)) : greeting;
  }
  /// How many farewells to expect.
  std::uint32_t leave() {
    self_->send(gateway_, leave_request{name_});
    std::uint32_t loops = 0;
    self_->receive([&](const leaving& what) { loops = what.loops; },
                   caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no answer"; });
    return loops;
  }
  /// What came for this peer before the answer to a probe.
  std::string pending() {
    self_->send(gateway_, probe{});
    return answer();
  }

private:
  std::string answer() {
    std::string out;
    self_->receive([&](const welcome& what) { out = "welcome to " + what.gateway; },
                   [&](const refusal& what) { out = what.reason; },
                   [&](const probe&) { out = "nothing"; },
                   caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no answer"; });
    return out;
  }

  caf::scoped_actor self_;
  caf::actor gateway_;
  std::string name_;
  std::uint64_t id_ = self_->id(); // each has its own
};

class a_membership : public testing::Test {
protected:
  explicit a_membership(bool networked = false) : bench_(1, networked) {
    node_view here;
    here.name = "here";
    here.local = true;
    here.services = {offer("users", {"/users/{id}"}), offer("counter", {"/counter"}, true)};
    gateway_ = bench_.spawn<membership>("gw", here);
  }

  std::string view() {
    std::string out;
    bench_.self()->send(gateway_, call_id{1}, view_query{});
    bench_.self()->receive(
        [&](call_id, const local_reply& what) {
          out = describe(**static_cast<std::shared_ptr<const cluster_view>*>(what.value.get()));
        },
        caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no view"; });
    return out;
  }

  /// The next message to a subscribed gateway loop.
  std::string news() {
    std::string out;
    bench_.self()->receive([&](const view_changed& what) { out = describe(*what.view); },
                           [&](const node_gone& what) { out = "gone: " + std::to_string(what.id); },
                           caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no news"; });
    return out;
  }

  loop_bench bench_;
  caf::actor gateway_;
  const std::string here_ = "here: users counter";
};

TEST_F(a_membership, lists_nodes_that_have_joined_after_its_own) {
  peer b{bench_, gateway_}, c{bench_, gateway_};
  EXPECT_EQ(view(), here_);
  EXPECT_EQ(b.greet("b"), "welcome to gw");
  EXPECT_EQ(view(), here_); // not before it has joined
  EXPECT_EQ(b.join({offer("orders", {"/orders"})}), "welcome to gw");
  EXPECT_EQ(c.enter("c", {offer("users", {"/users/{user}", "/more"})}), "welcome to gw");
  EXPECT_EQ(view(), here_ + " | b: orders | c: users");
}

TEST_F(a_membership, refuses_an_older_protocol_version_with_a_sentence_for_the_operator) {
  peer old{bench_, gateway_};
  EXPECT_EQ(old.greet("old", oldest_protocol - 1),
            "it speaks cluster protocol 2 (troupe 9.9), this gateway speaks 3");
  peer rude{bench_, gateway_};
  EXPECT_EQ(rude.greet("rude"), "welcome to gw");
  EXPECT_EQ(view(), here_);
}

TEST_F(a_membership, welcomes_a_newer_protocol_version_in_its_own) {
  caf::scoped_actor newer{bench_.system()};
  newer->send(gateway_, hello{protocol_version + 1, "newer", "9.9"});
  std::uint32_t spoken = 0;
  newer->receive([&](const welcome& what) { spoken = what.protocol; },
                 caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no answer"; });
  EXPECT_EQ(spoken, protocol_version);
}

TEST_F(a_membership, refuses_a_node_that_has_joined_already) {
  peer b{bench_, gateway_}, again{bench_, gateway_};
  ASSERT_EQ(b.enter("b", {offer("orders", {"/orders"})}, 77), "welcome to gw");
  EXPECT_EQ(again.enter("b", {offer("orders", {"/orders"})}, 77),
            "it has joined already, perhaps by another address of this gateway");
  EXPECT_EQ(view(), here_ + " | b: orders");
}

TEST_F(a_membership, tells_nodes_and_gateways_of_all_gateways_that_have_joined) {
  caf::scoped_actor worker{bench_.system()}, other{bench_.system()};
  const auto told = [](caf::scoped_actor& to) {
    std::vector<std::string> out;
    to->receive([&](const gateway_list& what) { out = what.addresses; },
                caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no list"; });
    return out;
  };
  worker->send(gateway_, hello{});
  worker->send(gateway_, join_request{"b", 8, 1, 100, {offer("orders", {"/orders"})}, {}, {caf::actor{worker}}});
  EXPECT_EQ(told(worker), std::vector<std::string>{});
  bench_.self()->send(gateway_, advertise{"gw:1", nullptr});
  EXPECT_EQ(told(worker), std::vector<std::string>{"gw:1"});
  other->send(gateway_, gateway_request{"out of turn", "x:1"});
  other->send(gateway_, hello{});
  other->send(gateway_, gateway_request{"gw2", "gw:2"});
  EXPECT_EQ(told(other), (std::vector<std::string>{"gw:1", "gw:2"}));
  EXPECT_EQ(told(worker), (std::vector<std::string>{"gw:1", "gw:2"}));
}

TEST_F(a_membership, ignores_a_node_that_joins_out_of_turn) {
  peer silent{bench_, gateway_};
  caf::scoped_actor other{bench_.system()};
  other->send(gateway_, join_request{"x", 7, 1, 100, {offer("x", {"/x"})}, {}, {caf::actor{other}}});
  other->send(gateway_, leave_request{"here"});
  other->send(gateway_, probe{});
  std::string answer;
  other->receive([&](const probe&) { answer = "only to the probe"; },
                 [&](const welcome&) { answer = "welcome"; },
                 [&](const leaving&) { answer = "leaving"; }, caf::after(scaled(soon)) >> [] {});
  EXPECT_EQ(answer, "only to the probe");
  EXPECT_EQ(view(), here_);
}

TEST_F(a_membership, refuses_routes_that_belong_to_another_service) {
  peer b{bench_, gateway_};
  ASSERT_EQ(b.enter("b", {offer("orders", {"/orders", "/users/{id:int}"})}), "welcome to gw");
  struct {
    service_announcement services;
    std::string answer;
  } cases[] = {
      {offer("people", {"/ok", "/users/{name}"}),
       "route GET /users/{name} of service \"people\" is served by service \"users\" of node here"},
      {offer("shop", {"/orders"}),
       "route GET /orders of service \"shop\" is served by service \"orders\" of node b"},
      {offer("users", {"/users/{id}"}, true), "service \"users\" is not a singleton on node here"},
      {offer("counter", {"/counter"}), "service \"counter\" is a singleton on node here"},
      {offer("odd", {"no path"}), "route pattern \"no path\": a pattern begins with /"},
      {offer("odd", {"/{id:date}"}), // of another version
       "route pattern \"/{id:date}\": the type of {id:date} is unknown, expected int, uint or uuid"},
      {offer("orders", {"/users/x"}), "welcome to gw"}, // the literal is another route
      {offer("shop", {"/users/{id:uint}", "/users/{path...}"}), "welcome to gw"}, // so are these
      {offer("people", {"/users/{key:int}"}),
       "route GET /users/{key:int} of service \"people\" is served by service \"orders\" of "
       "node b"},
  };
  for (const auto& each : cases) {
    peer c{bench_, gateway_};
    EXPECT_EQ(c.enter("c", {each.services}), each.answer);
  }
  // One that was refused may come back with something else.
  peer d{bench_, gateway_};
  EXPECT_NE(d.enter("d", {offer("people", {"/users/{name}"})}), "welcome to gw");
  EXPECT_EQ(d.enter("d", {offer("people", {"/people"})}), "welcome to gw");
}

TEST_F(a_membership, welcomes_a_member_again_whose_welcome_came_too_late) {
  peer b{bench_, gateway_};
  ASSERT_EQ(b.enter("b", {offer("orders", {"/orders"})}), "welcome to gw");
  EXPECT_EQ(b.enter("b", {offer("orders", {"/orders"})}), "welcome to gw");
  EXPECT_EQ(view(), here_ + " | b: orders");
}

TEST_F(a_membership, refuses_an_announcement_that_it_could_not_work_with) {
  auto unknown_method = offer("odd", {"/odd"});
  unknown_method.routes[0].method = static_cast<http_method>(250);
  struct {
    std::vector<service_announcement> services;
    std::vector<caf::actor> dispatchers;
    std::string answer;
  } cases[] = {
      {{unknown_method}, {gateway_}, "route /odd has a method that this gateway does not know"},
      {{offer("a", {"/x", "/{id}"}), offer("b", {"/y", "/{key}"})}, {gateway_},
       "route GET /{id} of service \"a\" and GET /{key} of service \"b\" match the same requests"},
      {{offer("odd", {"/odd"})}, {}, "it names no dispatcher"},
      {{offer("odd", {"/odd"})}, {gateway_, caf::actor{}}, "it names no dispatcher"},
  };
  for (const auto& each : cases) {
    peer b{bench_, gateway_};
    ASSERT_EQ(b.greet("b"), "welcome to gw");
    EXPECT_EQ(b.join(each.services, each.dispatchers), each.answer);
  }
  EXPECT_EQ(view(), here_);
}

TEST_F(a_membership, is_not_ended_by_what_another_node_sends) {
  peer b{bench_, gateway_};
  ASSERT_EQ(b.enter("b", {offer("orders", {"/orders"})}), "welcome to gw");
  bench_.self()->send_exit(gateway_, caf::exit_reason::kill);
  bench_.self()->send_exit(gateway_, caf::exit_reason::user_shutdown);
  bench_.self()->send(gateway_, caf::make_error(caf::sec::runtime_error));
  bench_.self()->send(gateway_, std::string{"no message of the protocol"}, 7);
  EXPECT_EQ(view(), here_ + " | b: orders");
}

TEST_F(a_membership, tells_every_gateway_loop_who_joins_leaves_and_is_lost) {
  const auto self = caf::actor_cast<caf::strong_actor_ptr>(bench_.self());
  bench_.self()->send(gateway_, subscribe{self});
  EXPECT_EQ(news(), here_);
  {
    peer b{bench_, gateway_};
    ASSERT_EQ(b.enter("b", {offer("orders", {"/orders"}), offer("users", {"/users/{id}"})}),
              "welcome to gw");
    EXPECT_EQ(news(), here_ + " | b: orders users");
  }                                                 // ends without a word
  EXPECT_EQ(news(), here_ + " | departed: orders"); // users are still served here
  EXPECT_EQ(news(), "gone: 2");
  {
    peer c{bench_, gateway_};
    ASSERT_EQ(c.enter("c", {offer("orders", {"/orders"})}), "welcome to gw");
    EXPECT_EQ(news(), here_ + " | c: orders");
    EXPECT_EQ(c.leave(), 1u);
    EXPECT_EQ(news(), here_ + " | departed: orders");
    EXPECT_EQ(c.pending(), "nothing");
  }
  EXPECT_EQ(news(), here_ + " | departed: orders");
  EXPECT_EQ(news(), "gone: 3"); // a node that joins again gets a new number
}

handler hello_handler(std::string prefix) {
  return [prefix](context&, const request& what) -> task<response> {
    if (what.query<bool>("fail", false))
      throw error{errc::conflict, "no"};
    co_await settle();
    co_return text(prefix + std::string{what.path()});
  };
}

request get(std::string target) {
  request out;
  out.path_size = static_cast<std::uint32_t>(std::min(target.find('?'), target.size()));
  out.target = std::move(target);
  return out;
}

caf::actor spawn_dispatcher(loop_bench& bench) {
  const auto worker = bench.spawn<detail::worker_actor>(
      test_node(),
      std::make_shared<const service>(service{"hello"}.get("/hello", hello_handler("hello "))));
  return bench.spawn<dispatcher>(std::map<std::string, caf::strong_actor_ptr>{
      {"hello", caf::actor_cast<caf::strong_actor_ptr>(worker)}});
}

TEST(a_dispatcher, answers_every_request_of_a_batch_under_its_own_call) {
  loop_bench bench;
  const auto to = spawn_dispatcher(bench);
  request_batch batch;
  batch.items.push_back({{10}, "hello", get("/a")});
  batch.items.push_back({{11}, "hello", get("/b?fail=1")});
  batch.items.push_back({{12}, "no such", get("/c")});
  batch.items.push_back({{10}, "hello", get("/d")}); // numbers mean nothing to it
  auto& self = bench.self();
  self->send(to, std::move(batch));
  self->send(to, drain{});
  std::multimap<std::uint64_t, std::string> answers;
  bool is_drained = false;
  while (!is_drained)
    self->receive(
        [&](const response_batch& what) {
          for (const auto& each : what.items)
            answers.emplace(each.call.value, each.failed ? std::string{to_string(each.failure.code)}
                                                         : each.response.body);
        },
        [&](drained) { is_drained = true; },
        caf::after(scaled(soon)) >>
            [&] {
              ADD_FAILURE() << "not drained";
              is_drained = true;
            });
  EXPECT_EQ(answers, (std::multimap<std::uint64_t, std::string>{
                         {10, "hello /a"}, {10, "hello /d"}, {11, "conflict"}, {12, "internal"}}));
}

TEST(a_dispatcher, does_not_begin_what_comes_after_its_time) {
  loop_bench bench;
  const auto to = spawn_dispatcher(bench);
  auto send = [&, number = std::uint64_t{0}](std::uint64_t sent_at, std::chrono::milliseconds time_left) mutable {
    request_batch batch;
    batch.items.push_back({{++number}, "hello", get("/a")});
    batch.items.back().request.time_left = time_left;
    batch.sent_at = sent_at;
    bench.self()->send(to, std::move(batch));
    std::string answer = "none";
    bench.self()->receive(
      [&](const response_batch& what) {
        const auto& first = what.items.at(0);
        EXPECT_GT(what.busy_us, 0u);
        answer = first.failed ? std::string{to_string(first.failure.code)} : first.response.body;
      },
      caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no answer"; });
    return answer;
  };
  constexpr std::uint64_t hour = 3'600'000; // of a clock that need not be this machine's
  EXPECT_EQ(send(2 * hour, std::chrono::seconds{30}), "hello /a");
  EXPECT_EQ(send(hour, std::chrono::minutes{59}), "deadline_exceeded") << "an hour under way";
  EXPECT_EQ(send(hour, std::chrono::hours{2}), "hello /a");
  EXPECT_EQ(send(hour, std::chrono::seconds{0}), "hello /a") << "has all the time there is";
  EXPECT_EQ(send(2 * hour, std::chrono::seconds{30}), "hello /a");
}

TEST(a_busy_gauge, follows_what_requests_take_and_not_what_one_pause_took) {
  const auto cycles = [](double microseconds) {
    return static_cast<std::uint64_t>(microseconds * detail::cycles_per_microsecond());
  };
  detail::busy_gauge gauge;
  EXPECT_EQ(gauge.microseconds(), 0u);
  gauge.learn(10, cycles(55));
  EXPECT_EQ(gauge.microseconds(), 6u);
  gauge.learn(1, cycles(50'000));
  EXPECT_LT(gauge.microseconds(), 9u);
  for (int i = 0; i < 60; ++i)
    gauge.learn(1, cycles(5'000));
  EXPECT_NEAR(gauge.microseconds(), 5'000, 500);
  for (int i = 0; i < 60; ++i)
    gauge.learn(4, cycles(0));
  EXPECT_LE(gauge.microseconds(), 3u);
}

TEST(a_lateness_gauge, compares_with_the_quickest_of_the_last_minutes) {
  using namespace std::chrono_literals;
  detail::lateness_gauge gauge;
  const auto begin = detail::lateness_gauge::clock::time_point{} + 24h;
  const std::uint64_t theirs = 5'000'000; // by a clock of their own
  const auto late = [&](std::chrono::milliseconds sent, std::chrono::milliseconds came) {
    return gauge.on_message(theirs + static_cast<std::uint64_t>(sent.count()), begin + came);
  };
  EXPECT_EQ(late(0ms, 10ms), 0ms);
  EXPECT_EQ(late(100ms, 105ms), 0ms) << "the quickest so far";
  EXPECT_EQ(late(200ms, 10'205ms), 10s);
  EXPECT_EQ(late(61'000ms, 61'008ms), 3ms) << "the minute before counts";
  EXPECT_EQ(late(122'000ms, 122'008ms), 0ms) << "the one before that does not";
  EXPECT_EQ(late(9'000'000ms, 9'004'000ms), 0ms) << "after hours, in which clocks drift apart, all begins anew";
  EXPECT_EQ(late(9'000'100ms, 9'004'600ms), 500ms);
}

/// A gateway and a worker node in one process: two actor systems, joined over the loopback.
class a_gateway_link : public a_membership {
protected:
  a_gateway_link() : a_membership(true) {
    const auto port = bench_.system().middleman().publish(gateway_, 0, "127.0.0.1");
    EXPECT_TRUE(port);
    port_ = port ? *port : std::uint16_t{0};
    bench_.self()->send(gateway_, subscribe{caf::actor_cast<caf::strong_actor_ptr>(bench_.self())});
    EXPECT_EQ(news(), here_);
  }

  caf::actor connect(loop_bench& worker, std::vector<service_announcement> services) {
    join_request what{"b", 7, 1, 100, std::move(services), {}, {spawn_dispatcher(worker)}};
    return worker.spawn<gateway_link>("127.0.0.1", port_, gateway_link::options{std::move(what)});
  }

  node_view joined_node() {
    node_view out;
    bench_.self()->receive([&](const view_changed& what) { out = what.view->nodes.back(); },
                           caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "nobody joined"; });
    return out;
  }

  std::uint16_t port_ = 0;
};

TEST_F(a_gateway_link, joins_serves_and_leaves_when_all_that_was_asked_is_answered) {
  loop_bench worker{1, true};
  const auto link = connect(worker, {offer("hello", {"/hello"})});
  const auto node = joined_node();
  ASSERT_EQ(node.name, "b");
  ASSERT_EQ(node.dispatchers.size(), 1u);

  auto what = get("/a?fail=0");
  what.headers.add("X", "y");
  what.body = std::string{"\0\xff", 2};
  request_batch batch;
  batch.items.push_back({{5}, "hello", what});
  auto& self = bench_.self();
  const auto from = caf::actor_cast<caf::strong_actor_ptr>(self);
  detail::deliver(node.dispatchers.front(), from, std::move(batch));
  self->receive(
      [&](const response_batch& got) {
        ASSERT_EQ(got.items.size(), 1u);
        EXPECT_EQ(got.items[0].call.value, 5u);
        EXPECT_EQ(got.items[0].response.body, "hello /a");
        EXPECT_EQ(got.items[0].response.headers.find("content-type"), "text/plain; charset=utf-8");
      },
      caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no response"; });

  auto left = std::make_shared<std::promise<void>>();
  worker.self()->send(link, leave_gateway{[left] { left->set_value(); }});
  EXPECT_EQ(news(), here_ + " | departed: hello");
  detail::deliver(node.agent, from, farewell{});
  EXPECT_EQ(left->get_future().wait_for(scaled(soon)), std::future_status::ready);
}

TEST_F(a_gateway_link, whose_node_goes_without_a_word_is_lost) {
  {
    loop_bench worker{1, true};
    connect(worker, {offer("hello", {"/hello"})});
    EXPECT_EQ(joined_node().name, "b");
  }
  EXPECT_EQ(news(), here_ + " | departed: hello");
  EXPECT_EQ(news(), "gone: 2");
}

TEST_F(a_gateway_link, asks_again_when_a_gateway_does_not_answer) {
  loop_bench silent{1, true}, worker{1, true};
  auto& self = silent.self();
  const auto port = silent.system().middleman().publish(self, 0, "127.0.0.1");
  ASSERT_TRUE(port);
  const join_request what{"b", 7, 1, 100, {offer("hello", {"/hello"})}, {}, {spawn_dispatcher(worker)}};
  worker.spawn<gateway_link>("127.0.0.1", *port,
                             gateway_link::options{.announcement = what, .join_limit = std::chrono::milliseconds{100}});
  for (int hellos = 0; hellos < 3; ++hellos)
    self->receive([](const hello& got) { EXPECT_EQ(got.node, "b"); },
                  caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "no hello"; });
}

} // namespace
} // namespace troupe::test
