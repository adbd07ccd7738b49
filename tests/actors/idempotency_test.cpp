// Routes with idempotency_key(): who is answered anew, who as before, and what is left of requests that did not end.
#include "actors/body_writer.hpp"
#include "actors/detail/worker_actor.hpp"
#include "actors/idempotent_transaction.hpp"
#include "storage/database.hpp"
#include "tests/actors/runner.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

/// What a request is: fields that no test cares about have the same value in all.
struct sent {
  std::string key = "k";
  std::string body = "work";
  std::uint64_t id = 0; // 0: another one for each
  std::string target = "/orders";
  std::string client = "somebody";
};

class an_idempotent_route : public testing::Test {
protected:
  /// As a node of its own has it, all over one database.
  caf::actor start(idempotency_options how = {}) {
    auto what = service{"shop"};
    what.post("/orders", [this](context& ctx, const request& req) { return work(ctx, req); });
    what.idempotency_key(how);
    what.post("/exact", [this](context& ctx, const request& req) { return work_in_transaction(ctx, req); });
    what.idempotency_key(std::move(how));
    EXPECT_TRUE(what.problems().empty());
    auto services = std::make_shared<detail::node_services>();
    services->database.pools = {detail::from_caf(caf::actor_cast<caf::strong_actor_ptr>(database_))};
    return bench_.spawn<detail::worker_actor>(detail::node_services_ptr{services},
                                              std::make_shared<const service>(std::move(what)));
  }

  task<response> work(context& ctx, const request& req) {
    const auto run = std::to_string(++runs_);
    if (req.body == "wait")
      while (!open_)
        co_await ctx.sleep(1ms);
    if (req.body == "throw")
      throw std::runtime_error{"secret"};
    if (req.body == "refuse")
      throw error{errc::conflict, "not now"};
    if (req.body == "stream")
      co_return stream("text/plain", [](body_writer) -> task<void> { co_return; });
    auto made = text("run " + run + std::string{"\0\xff", 2}).with_header("Location", "/orders/" + run);
    made.status = req.body == "work" || req.body == "wait" ? 201 : static_cast<std::uint16_t>(std::stoi(req.body));
    co_return made;
  }

  task<response> work_in_transaction(context& ctx, const request& req) {
    co_return co_await idempotent_transaction(ctx, req, [&](transaction& tx) -> task<response> {
      co_await tx.exec("INSERT INTO made (body) VALUES ($1)", req.body);
      co_return co_await work(ctx, req);
    });
  }

  void begin(const caf::actor& worker, std::uint64_t call, const sent& what) {
    request out;
    out.method = http_method::post;
    out.target = what.target;
    out.route = what.target == "/exact" ? 1 : 0;
    out.client = what.client;
    if (!what.key.empty())
      out.headers.add("Idempotency-Key", what.key);
    out.body = what.body;
    out.id = what.id != 0 ? what.id : ++last_id_;
    out.time_left = 30s;
    bench_.self()->send(worker, call_id{call}, std::move(out));
  }

  /// "201 run 1 /orders/1", with "again" behind it for a recorded one; or "conflict: detail".
  std::string end(std::uint64_t call) {
    std::string out = "nothing";
    bench_.self()->receive(
      [&](call_id id, response& what) {
        EXPECT_EQ(id.value, call);
        out = std::to_string(what.status) + ' ' + what.body.substr(0, what.body.find('\0')) + ' '
              + std::string{what.headers.find("Location").value_or("")};
        EXPECT_TRUE(what.body.ends_with(std::string_view{"\0\xff", 2}));
        EXPECT_EQ(what.headers.find("Content-Type"), "text/plain; charset=utf-8");
        if (const auto replayed = what.headers.find("Idempotency-Replayed"))
          out += *replayed == "true" ? " again" : " ?";
      },
      [&](call_id id, failure& what) {
        EXPECT_EQ(id.value, call);
        out = std::string{to_string(what.code)} + ": " + what.detail;
      },
      caf::after(scaled(soon)) >> [] {});
    return out;
  }

  std::string ask(const caf::actor& worker, const sent& what = {}) {
    begin(worker, 1, what);
    return end(1);
  }

  void wait_for_runs(int count) {
    EXPECT_TRUE(eventually([&] { return runs_ >= count; }));
  }

  /// Until nobody is at the request any more.
  std::string ask_until_answered(const caf::actor& worker, const sent& what) {
    std::string got;
    EXPECT_TRUE(eventually([&] { return (got = ask(worker, what)) != in_work; }));
    return got;
  }

  std::int64_t exec(std::string sql) {
    return bench_.run_on(runner_, [&](context& ctx) -> task<std::int64_t> { co_return co_await ctx.db().exec(sql); });
  }
  std::int64_t count(std::string table) {
    return bench_.run_on(runner_, [&](context& ctx) -> task<std::int64_t> {
      const auto found = co_await ctx.db().one("SELECT count(*) AS n FROM " + table);
      co_return found.get<std::int64_t>("n");
    });
  }

  static inline const std::string in_work = "conflict: a request with this Idempotency-Key is in work";

  std::atomic<int> runs_{0};
  std::atomic<bool> open_{false};
  loop_bench bench_;
  temp_directory folder_;
  caf::actor database_ = bench_.own(storage::spawn_database(bench_.loop(), settings()));
  caf::actor runner_ = bench_.spawn_runner(database_);

private:
  config::storage_settings settings() const {
    config::storage_settings out;
    out.url = "sqlite:" + (folder_.path() / "test.db").string();
    return out;
  }

  std::uint64_t last_id_ = 0;
};

TEST_F(an_idempotent_route, answers_a_key_once_and_then_as_before_on_every_node) {
  const auto one = start(), other = start();
  EXPECT_EQ(ask(one), "201 run 1 /orders/1");
  EXPECT_EQ(ask(one), "201 run 1 /orders/1 again");
  EXPECT_EQ(ask(other), "201 run 1 /orders/1 again");
  EXPECT_EQ(ask(other, {.key = "\"k\""}), "201 run 1 /orders/1 again") << "quotes are no part of the key";
  EXPECT_EQ(ask(other, {.key = "another"}), "201 run 2 /orders/2");
  EXPECT_EQ(runs_, 2);
}

TEST_F(an_idempotent_route, refuses_requests_without_a_good_key) {
  const auto node = start();
  EXPECT_EQ(ask(node, {.key = ""}).find("invalid_argument: Idempotency-Key is missing"), 0u);
  EXPECT_EQ(ask(node, {.key = std::string(256, 'k')}),
            "invalid_argument: Idempotency-Key is longer than 255 characters");
  EXPECT_EQ(runs_, 0);
}

TEST_F(an_idempotent_route, refuses_a_key_that_came_with_another_request) {
  const auto node = start();
  EXPECT_EQ(ask(node), "201 run 1 /orders/1");
  for (const auto& other : {sent{.body = "202"}, sent{.target = "/orders?x"}})
    EXPECT_EQ(ask(node, other), "unprocessable: this Idempotency-Key came with another request before");
  EXPECT_EQ(runs_, 1);
  exec("CREATE TABLE made (body TEXT NOT NULL)");
  EXPECT_EQ(ask(node, {.target = "/exact"}), "201 run 2 /orders/2") << "each route has keys of its own";
}

TEST_F(an_idempotent_route, refuses_a_key_whose_first_request_is_in_work) {
  const auto one = start(), other = start();
  begin(one, 7, {.body = "wait"});
  wait_for_runs(1);
  EXPECT_EQ(ask(other, {.body = "wait"}), in_work);
  EXPECT_EQ(ask(other, {.body = "work"}), "unprocessable: this Idempotency-Key came with another request before");
  open_ = true;
  EXPECT_EQ(end(7), "201 run 1 /orders/1");
  EXPECT_EQ(ask(other, {.body = "wait"}), "201 run 1 /orders/1 again");
}

TEST_F(an_idempotent_route, records_refusals_that_the_handler_returns_and_no_failures) {
  const auto node = start();
  EXPECT_EQ(ask(node, {.key = "a", .body = "404"}), "404 run 1 /orders/1");
  EXPECT_EQ(ask(node, {.key = "a", .body = "404"}), "404 run 1 /orders/1 again");
  EXPECT_EQ(ask(node, {.key = "b", .body = "500"}), "500 run 2 /orders/2");
  EXPECT_EQ(ask(node, {.key = "b", .body = "500"}), "500 run 3 /orders/3");
  EXPECT_EQ(ask(node, {.key = "c", .body = "throw"}), "internal: ");
  EXPECT_EQ(ask(node, {.key = "c", .body = "throw"}), "internal: ");
  EXPECT_EQ(ask(node, {.key = "d", .body = "refuse"}), "conflict: not now");
  EXPECT_EQ(ask(node, {.key = "d", .body = "refuse"}), "conflict: not now");
  EXPECT_EQ(ask(node, {.key = "d", .body = "work"}), "201 run 8 /orders/8") << "nothing of the key is left";
  EXPECT_EQ(ask(node, {.key = "e", .body = "stream"}), "internal: ") << "it cannot be recorded";
  EXPECT_EQ(count("troupe_idempotency"), 2);
}

TEST_F(an_idempotent_route, goes_on_when_the_client_leaves) {
  const auto node = start();
  begin(node, 7, {.body = "wait"});
  wait_for_runs(1);
  bench_.self()->send(node, call_id{7}, request_abandoned{});
  EXPECT_EQ(ask(node, {.body = "wait"}), in_work);
  open_ = true;
  EXPECT_EQ(ask_until_answered(node, {.body = "wait"}), "201 run 1 /orders/1 again");
}

TEST_F(an_idempotent_route, leaves_the_claim_of_a_lost_node_to_others_when_its_lease_has_passed) {
  const auto lost = start(), other = start();
  begin(lost, 7, {.body = "wait"});
  wait_for_runs(1);
  bench_.end(lost);
  EXPECT_EQ(end(7), "unavailable: the worker was stopped");
  open_ = true;
  EXPECT_EQ(ask(other, {.body = "wait"}), in_work);
  EXPECT_EQ(exec("UPDATE troupe_idempotency SET leased_until = 0"), 1);
  EXPECT_EQ(ask(other, {.body = "work"}), "unprocessable: this Idempotency-Key came with another request before");
  EXPECT_EQ(ask(other, {.body = "wait"}), "201 run 2 /orders/2");
  EXPECT_EQ(ask(other, {.body = "wait"}), "201 run 2 /orders/2 again");
}

TEST_F(an_idempotent_route, lets_the_gateway_repeat_a_request_at_once) {
  const auto lost = start(), other = start();
  begin(lost, 7, {.body = "wait", .id = 100});
  wait_for_runs(1);
  bench_.end(lost);
  end(7);
  open_ = true;
  EXPECT_EQ(ask(other, {.body = "wait", .id = 100}), "201 run 2 /orders/2");
}

TEST_F(an_idempotent_route, does_not_record_what_was_taken_over) {
  const auto slow = start(), other = start();
  begin(slow, 7, {.body = "wait", .id = 100});
  wait_for_runs(1);
  begin(other, 8, {.body = "wait", .id = 100});
  wait_for_runs(2);
  bench_.self()->send(other, call_id{8}, request_abandoned{}); // who comes first is of no interest
  open_ = true;
  EXPECT_EQ(end(7), "201 run 1 /orders/1");
  EXPECT_EQ(ask_until_answered(slow, {.body = "wait"}), "201 run 2 /orders/2 again");
}

TEST_F(an_idempotent_route, forgets_answers_whose_time_is_over) {
  const auto node = start({.keep = 1h});
  EXPECT_EQ(ask(node), "201 run 1 /orders/1");
  EXPECT_EQ(exec("UPDATE troupe_idempotency SET kept_until = kept_until - 3590000"), 1);
  EXPECT_EQ(ask(node), "201 run 1 /orders/1 again") << "10 s are left";
  EXPECT_EQ(exec("UPDATE troupe_idempotency SET kept_until = kept_until - 11000"), 1);
  EXPECT_EQ(ask(node, {.body = "202"}), "202 run 2 /orders/2") << "also for another request";
}

TEST_F(an_idempotent_route, removes_those_whose_time_is_over_in_batches) {
  EXPECT_EQ(ask(start()), "201 run 1 /orders/1");
  EXPECT_EQ(exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
                 "INSERT INTO troupe_idempotency (service, route, owner, key, fingerprint, token, request, "
                 "leased_until, kept_until) SELECT 's', 'r', '', i, 'f', 0, 0, 0, i FROM n"),
            1200);
  EXPECT_EQ(ask(start()), "201 run 1 /orders/1 again");
  EXPECT_TRUE(eventually([&] { return count("troupe_idempotency") == 1; }));
}

TEST_F(an_idempotent_route, keeps_the_keys_of_owners_apart) {
  const auto node = start({.owner = [](const request& req) { return req.client; }});
  EXPECT_EQ(ask(node, {.client = "a"}), "201 run 1 /orders/1");
  EXPECT_EQ(ask(node, {.client = "b"}), "201 run 2 /orders/2");
  EXPECT_EQ(ask(node, {.client = "a"}), "201 run 1 /orders/1 again");
}

class an_idempotent_transaction : public an_idempotent_route {
protected:
  void SetUp() override { exec("CREATE TABLE made (body TEXT NOT NULL)"); }

  std::string ask_exact(const caf::actor& node, std::string body, std::uint64_t id = 0) {
    return ask(node, {.body = std::move(body), .id = id, .target = "/exact"});
  }
};

TEST_F(an_idempotent_transaction, records_its_answer_with_its_work) {
  const auto node = start();
  EXPECT_EQ(ask_exact(node, "work"), "201 run 1 /orders/1");
  EXPECT_EQ(ask_exact(node, "work"), "201 run 1 /orders/1 again");
  EXPECT_EQ(count("made"), 1);
}

TEST_F(an_idempotent_transaction, leaves_nothing_of_what_fails) {
  const auto node = start();
  EXPECT_EQ(ask_exact(node, "503"), "503 run 1 /orders/1");
  EXPECT_EQ(ask_exact(node, "refuse"), "conflict: not now");
  EXPECT_EQ(ask_exact(node, "stream"), "internal: ");
  EXPECT_EQ(count("made"), 0);
  EXPECT_EQ(count("troupe_idempotency"), 0);
  EXPECT_EQ(ask_exact(node, "work"), "201 run 4 /orders/4");
}

TEST_F(an_idempotent_transaction, is_undone_when_another_node_has_taken_the_request_over) {
  const auto node = start();
  // As the other node would, but in time: on SQLite that one waits for the end of this transaction.
  EXPECT_EQ(exec("CREATE TRIGGER t AFTER INSERT ON made BEGIN UPDATE troupe_idempotency SET token = -1; END"), 0);
  EXPECT_EQ(ask(node, {.key = "third", .target = "/exact"}), "conflict: another node has taken this request over");
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(count("made"), 0);
}

TEST_F(an_idempotent_transaction, is_for_the_requests_of_such_routes_alone) {
  auto plain = service{"plain"}.post("/exact", [this](context& ctx, const request& req) {
    return work_in_transaction(ctx, req);
  });
  auto services = std::make_shared<detail::node_services>();
  services->database.pools = {detail::from_caf(caf::actor_cast<caf::strong_actor_ptr>(database_))};
  const auto node = bench_.spawn<detail::worker_actor>(detail::node_services_ptr{services},
                                                       std::make_shared<const service>(std::move(plain)));
  request what;
  what.headers.add("Idempotency-Key", "k");
  bench_.self()->send(node, call_id{1}, std::move(what));
  EXPECT_EQ(end(1), "internal: ");
  EXPECT_EQ(count("made"), 0);
}

} // namespace
} // namespace troupe::test
