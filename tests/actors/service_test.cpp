// Services: what an author declares, and what is refused.
#include "actors/service.hpp"

#include "actors/context.hpp"
#include "actors/messages/cluster.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <source_location>
#include <string>
#include <vector>

namespace troupe {
namespace {

task<response> nothing(context&, const request&) {
  co_return status(204);
}

std::string routes_of(const service& what) {
  std::string out;
  for (const auto& each : what.announcement().routes)
    out += std::string{to_string(each.method)} + " " + each.pattern + ";";
  return out;
}

using problems = std::vector<std::string>;

TEST(service, announces_its_name_and_routes_in_order) {
  auto what = service{"users.v-1_a"}
                  .get("/users/{id}", nothing)
                  .post("/users", nothing)
                  .put("/users/{id}", nothing)
                  .patch("/users/{id}", nothing)
                  .delete_("/users/{id}", nothing)
                  .add(http_method::options, "/users", nothing);
  EXPECT_EQ(what.announcement().name, "users.v-1_a");
  EXPECT_EQ(routes_of(what), "GET /users/{id};POST /users;PUT /users/{id};PATCH /users/{id};"
                             "DELETE /users/{id};OPTIONS /users;");
  EXPECT_FALSE(what.announcement().singleton);
  EXPECT_TRUE(what.singleton().announcement().singleton);
}

TEST(service, has_a_route_for_each_method_of_a_set) {
  const auto what = service{"s"}.add({http_method::get, http_method::post}, "/x", nothing);
  EXPECT_EQ(routes_of(what), "GET /x;POST /x;");
  EXPECT_EQ(routes_of(service{"s"}.add({http_method::put}, "/x", nothing)), "PUT /x;");
}

TEST(service, has_routes_for_the_methods_that_are_left_whatever_the_order) {
  const auto other = [](context& ctx, const request& req) { return nothing(ctx, req); };
  const auto only_any = service{"s"}.any("/x", nothing);
  EXPECT_EQ(routes_of(only_any), "GET /x;POST /x;PUT /x;DELETE /x;PATCH /x;OPTIONS /x;");
  const auto before = service{"s"}.post("/x/{a}", other).any("/x/{b}", nothing);
  EXPECT_EQ(routes_of(before), "POST /x/{a};GET /x/{b};PUT /x/{b};DELETE /x/{b};PATCH /x/{b};"
                               "OPTIONS /x/{b};");
  const auto after = service{"s"}.any("/x/{b}", nothing).post("/x/{a}", other);
  EXPECT_EQ(routes_of(after), "GET /x/{b};POST /x/{a};PUT /x/{b};DELETE /x/{b};PATCH /x/{b};"
                              "OPTIONS /x/{b};");
  const handler given = other;
  EXPECT_EQ(std::get<handler>(before.routes()[0].action).target_type(), given.target_type());
  EXPECT_EQ(std::get<handler>(after.routes()[1].action).target_type(), given.target_type());
  EXPECT_NE(std::get<handler>(after.routes()[0].action).target_type(), given.target_type());
  EXPECT_EQ(check_services({before}), problems{});
  EXPECT_EQ(check_services({after}), problems{});
}

TEST(service, puts_the_prefix_of_a_group_before_its_routes) {
  std::string prefixes;
  const auto what = service{"s"}
                        .get("/", nothing)
                        .group("/api/v1",
                               [&](route_group& api) {
                                 api.get("", nothing).get("/", nothing).post("/users", nothing);
                                 api.group("/teams/{team:int}", [&](route_group& team) {
                                   team.add({http_method::put}, "/users/{id}", nothing);
                                   prefixes += team.prefix();
                                 });
                                 api.delete_("/users", nothing);
                               })
                        .get("/end", nothing);
  EXPECT_EQ(routes_of(what), "GET /;GET /api/v1;GET /api/v1/;POST /api/v1/users;"
                             "PUT /api/v1/teams/{team:int}/users/{id};DELETE /api/v1/users;"
                             "GET /end;");
  EXPECT_EQ(prefixes, "/api/v1/teams/{team:int}");
  EXPECT_EQ(check_services({what}), problems{});
}

TEST(service, has_two_routes_for_a_folder_and_one_at_the_root) {
  EXPECT_EQ(routes_of(service{"s"}.files("/", ".")), "GET /{path...};");
  EXPECT_EQ(routes_of(service{"s"}.files("/a", ".")), "GET /a;GET /a/{path...};");
  EXPECT_EQ(routes_of(service{"s"}.files("/a/", ".")), "GET /a;GET /a/{path...};");
  for (const auto* prefix : {"", "/"})
    EXPECT_EQ(routes_of(service{"s"}.group("/g",
                                           [&](route_group& group) { group.files(prefix, "."); })),
              "GET /g;GET /g/{path...};");
}

/// "(service_test.cpp:12)"
std::string at(int line) {
  return "(service_test.cpp:" + std::to_string(line) + ")";
}

TEST(check_services, tells_of_bad_names_with_their_place) {
  for (const std::string name : {"", "a b", "a/b", "\u00e4", "a\n"}) {
    const service bad{name};
    EXPECT_EQ(check_services({bad}),
              problems{"service \"" + name + "\" " + at(__LINE__ - 2)
                       + ": a service's name is 1 to 64 letters, digits, '-', '_' or '.'"});
  }
  EXPECT_EQ(check_services({service{std::string(65, 'a')}}).size(), 1u);
  EXPECT_EQ(check_services({service{std::string(64, 'a')}}), problems{});
}

TEST(check_services, tells_of_folders_that_are_not_there) {
  service bad{"s"};
  const int line = __LINE__;
  bad.files("/", "/no/such/folder");
  bad.group("/g", [](route_group& group) { group.files("/f", "/dev/null"); });
  bad.files("no", ".");
  const auto in = [&](int below) { return "service \"s\" " + at(line + below) + ": "; };
  const auto found = check_services({bad});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], in(1) + "files at \"/\": the folder \"/no/such/folder\" cannot be opened: "
                              "No such file or directory");
  EXPECT_EQ(found[1],
            in(2) + "files at \"/f\": the folder \"/dev/null\" cannot be opened: Not a directory");
  EXPECT_EQ(found[2], in(3) + "files at \"no\": a prefix begins with /");
}

TEST(check_services, tells_of_all_bad_routes_with_their_places) {
  service bad{"s"};
  const int line = __LINE__;
  bad.get("no", nothing);
  bad.any("/{id:date}", nothing).get("/good", nothing);
  bad.get("/x", handler{});
  bad.group("api/", [](route_group& api) { api.get("/x", nothing); });
  bad.group("/api", [](route_group& api) { api.get("x", nothing); });
  const auto in = [&](int below) { return "service \"s\" " + at(line + below) + ": "; };
  const problems expected{
      in(1) + "route pattern \"no\": a pattern begins with /",
      in(2) + "route pattern \"/{id:date}\": the type of {id:date} is unknown, "
              "expected int, uint or uuid",
      in(3) + "the handler of /x is empty",
      in(4) + "route group \"api/\": a prefix begins with / and does not end with it",
      in(5) + "route pattern \"x\": a pattern in the group /api begins with / or is empty"};
  EXPECT_EQ(check_services({bad}), expected);
  EXPECT_EQ(routes_of(bad), "GET /good;");
}

using namespace std::chrono_literals;

TEST(service, says_of_its_last_route_how_requests_may_be_sent) {
  const auto what = service{"s"}
                        .get("/a/{x}/{y:int}", nothing)
                        .sticky("y")
                        .hedge_after(20ms)
                        .put("/b", nothing)
                        .idempotent()
                        .sticky(header{"X-Session"})
                        .post("/c", nothing)
                        .idempotency_key()
                        .post("/d", nothing);
  EXPECT_EQ(check_services({what}), problems{});
  const auto all = what.announcement().routes;
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].sticky, (stickiness{stickiness::kind::parameter, 1, {}}));
  EXPECT_EQ(all[0].hedge_after, 20ms);
  EXPECT_FALSE(all[0].idempotent);
  EXPECT_EQ(all[1].sticky, (stickiness{stickiness::kind::field, 0, "X-Session"}));
  EXPECT_TRUE(all[1].idempotent);
  EXPECT_TRUE(all[2].idempotent) << "what is recorded may be asked for again";
  EXPECT_EQ(all[3].sticky, stickiness{});
  EXPECT_EQ(all[3].hedge_after, 0ms);
  EXPECT_FALSE(all[3].idempotent);
}

TEST(check_services, tells_of_what_does_not_fit_the_route_before_it) {
  const auto streaming = [](context& ctx, const request& req, body_stream) { return nothing(ctx, req); };
  const auto talk = [](context&, const request&, websocket) -> task<void> { co_return; };
  service bad{"s"};
  const int line = __LINE__;
  bad.idempotent().idempotency_key().sticky("x").sticky(header{"X"}).hedge_after(1ms);
  bad.get("/a/{x}", nothing).idempotency_key();
  bad.sticky("y").sticky(header{"a b"});
  bad.hedge_after(0ms).hedge_after(10'001ms);
  bad.post("/b", streaming).idempotency_key();
  bad.post("/c", nothing).idempotency_key({.keep = 0s}).hedge_after(5ms);
  bad.post("/d", nothing).idempotency_key().idempotency_key();
  bad.websocket("/e", talk).hedge_after(5ms);
  const auto in = [&](int below) { return "service \"s\" " + at(line + below) + ": "; };
  const problems expected{
      in(1) + "idempotent() stands behind the route that it is for",
      in(1) + "idempotency_key() stands behind the route that it is for",
      in(1) + "sticky() stands behind the route that it is for",
      in(1) + "hedge_after() stands behind the route that it is for",
      in(2) + "idempotency_key() is for methods that change something, not for GET",
      in(3) + "sticky(): /a/{x} has no parameter {y}",
      in(3) + "sticky(): \"a b\" is no name of a header field",
      in(4) + "hedge_after() waits 1 ms to 10 s",
      in(5) + "idempotency_key() is for routes whose handlers take the whole body",
      in(6) + "idempotency_key() keeps answers for 1 s to 10 years",
      in(6) + "hedge_after() is for requests that ask for no change, and for no WebSockets",
      in(7) + "idempotency_key() stands twice behind a route",
      in(8) + "hedge_after() is for requests that ask for no change, and for no WebSockets"};
  EXPECT_EQ(check_services({bad}), expected);
}

service one_route(const char* name, http_method method, const char* pattern,
                  std::source_location place = std::source_location::current()) {
  return service{name, place}.add(method, pattern, nothing, {}, place);
}

TEST(check_services, lets_services_share_a_path_by_method_type_or_literal) {
  using enum http_method;
  EXPECT_EQ(check_services({}), problems{});
  EXPECT_EQ(check_services({one_route("a", get, "/x/{id}"), one_route("b", post, "/x/{id}"),
                            one_route("c", get, "/x/y"), one_route("d", get, "/x/{id}/"),
                            one_route("e", get, "/x/{id:int}"), one_route("f", get, "/x/{id:uint}"),
                            one_route("g", get, "/x/{id...}"), one_route("h", get, "/a%2Fb"),
                            one_route("i", get, "/a/b")}),
            problems{});
}

TEST(check_services, tells_of_names_and_routes_that_are_claimed_twice_with_both_places) {
  using enum http_method;
  const int line = __LINE__;
  const auto first = one_route("a", get, "/x/{id}");
  const auto second = one_route("b", get, "/x/{name}");
  const auto namesake = one_route("a", get, "/z");
  EXPECT_EQ(check_services({first, second}),
            problems{"route GET /x/{id} of service \"a\" " + at(line + 1)
                     + " and GET /x/{name} of service \"b\" " + at(line + 2)
                     + " match the same requests"});
  EXPECT_EQ(check_services({first, namesake}),
            problems{"two services are named \"a\" (service_test.cpp:" + std::to_string(line + 1)
                     + " and service_test.cpp:" + std::to_string(line + 3) + ")"});
  EXPECT_EQ(check_services({one_route("a", get, "/A"), one_route("b", get, "/%41")}).size(), 1u);
}

TEST(check_services, tells_once_of_a_set_of_methods_that_is_claimed_twice) {
  service twice{"s"};
  const int line = __LINE__;
  twice.any("/x/{a...}", nothing);
  twice.any("/x/{b...}", nothing);
  EXPECT_EQ(check_services({twice}), problems{"route GET /x/{a...} of service \"s\" " + at(line + 1)
                                              + " and GET /x/{b...} of service \"s\" "
                                              + at(line + 2) + " match the same requests"});
  EXPECT_EQ(check_services({service{"a"}.any("/x", nothing), service{"b"}.get("/x", nothing)})
                .size(),
            1u); // the other service's route is no route of its own
}

} // namespace
} // namespace troupe
