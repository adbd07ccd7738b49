// Route patterns and services: what an author declares, and what is refused.
#include "actors/service.hpp"

#include "actors/context.hpp"
#include "actors/messages/cluster.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace troupe {
namespace {

template <class F>
std::string refusal_of(F what) {
  try {
    what();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

task<response> nothing(context&, const request&) {
  co_return status(204);
}

TEST(route_pattern, is_literals_and_parameters) {
  struct {
    std::string text, segments, shape;
  } cases[] = {
      {"/", "''", "/"},
      {"/users", "'users'", "/users"},
      {"/users/", "'users' ''", "/users/"},
      {"/users/{id}", "'users' {id}", "/users/{}"},
      {"/{a}/x/{b}", "{a} 'x' {b}", "/{}/x/{}"},
      {"/a.b-c_~/%41", "'a.b-c_~' '%41'", "/a.b-c_~/%41"},
  };
  for (const auto& each : cases) {
    const route_pattern pattern{each.text};
    std::string segments;
    for (const auto& segment : pattern.segments())
      segments += (segments.empty() ? "" : " ")
                  + (segment.is_parameter ? "{" + segment.text + "}" : "'" + segment.text + "'");
    EXPECT_EQ(pattern.text(), each.text);
    EXPECT_EQ(segments, each.segments);
    EXPECT_EQ(pattern.shape(), each.shape);
  }
}

TEST(route_pattern, refuses_what_can_be_no_path) {
  const std::string begins = "a pattern begins with /";
  const std::string path = "a pattern is a path, without query, fragment or spaces";
  const std::string whole = "a parameter is a whole segment, like /{id}";
  const std::pair<std::string, std::string> cases[] = {
      {"", begins},      {"users", begins}, {"{id}", begins},
      {"/a?b", path},    {"/a#b", path},    {"/a b", path},
      {"/{}", whole},    {"/{id", whole},   {"/id}", whole},
      {"/x{id}", whole}, {"/{id}x", whole}, {"/{a}{b}", whole},
      {"/{{a}}", whole}, {"/}a{", whole},   {"/{id}/{id}", "the parameter {id} appears twice"},
  };
  for (const auto& [text, why] : cases)
    EXPECT_EQ(refusal_of([&] { route_pattern{text}; }), "route pattern \"" + text + "\": " + why);
}

TEST(service, announces_its_name_and_routes_in_order) {
  auto what = service{"users.v-1_a"}
                  .get("/users/{id}", nothing)
                  .post("/users", nothing)
                  .put("/users/{id}", nothing)
                  .patch("/users/{id}", nothing)
                  .delete_("/users/{id}", nothing)
                  .add(http_method::options, "/users", nothing);
  std::string routes;
  for (const auto& each : what.announcement().routes)
    routes += std::string{to_string(each.method)} + " " + each.pattern + ";";
  EXPECT_EQ(what.announcement().name, "users.v-1_a");
  EXPECT_EQ(routes, "GET /users/{id};POST /users;PUT /users/{id};PATCH /users/{id};"
                    "DELETE /users/{id};OPTIONS /users;");
  EXPECT_FALSE(what.announcement().singleton);
  EXPECT_TRUE(what.singleton().announcement().singleton);
}

TEST(service, refuses_bad_names_patterns_and_empty_handlers) {
  for (const std::string name : {"", "a b", "a/b", "\u00e4", "a\n"})
    EXPECT_EQ(refusal_of([&] { service{name}; }),
              "service name \"" + name
                  + "\": 1 to 64 letters, digits, '-', '_' or '.' are expected");
  EXPECT_NE(refusal_of([] { service{std::string(65, 'a')}; }), "accepted");
  EXPECT_EQ(refusal_of([] { service{std::string(64, 'a')}; }), "accepted");
  EXPECT_EQ(refusal_of([] { service{"s"}.get("/", handler{}); }),
            "service \"s\": the handler of GET / is empty");
  EXPECT_NE(refusal_of([] { service{"s"}.get("no", nothing); }), "accepted");
}

TEST(check_services, refuses_names_and_routes_that_are_claimed_twice) {
  const auto check = [](std::vector<service> services) {
    return refusal_of([&] { check_services(services); });
  };
  const auto with = [](const char* name, http_method method, const char* pattern) {
    return service{name}.add(method, pattern, nothing);
  };
  using enum http_method;
  EXPECT_EQ(check({}), "accepted");
  EXPECT_EQ(check({with("a", get, "/x/{id}"), with("b", post, "/x/{id}"), with("c", get, "/x/y"),
                   with("d", get, "/x/{id}/")}),
            "accepted");
  EXPECT_EQ(check({with("a", get, "/x"), with("b", get, "/y"), with("a", get, "/z")}),
            "two services are named \"a\"");
  EXPECT_EQ(check({with("a", get, "/x/{id}"), with("b", get, "/x/{name}")}),
            "route GET /x/{} is claimed by service \"a\" and by service \"b\"");
  EXPECT_EQ(check({service{"a"}.get("/x", nothing).get("/x", nothing)}),
            "route GET /x is claimed by service \"a\" and by service \"a\"");
}

} // namespace
} // namespace troupe
