#include "gateway/detail/router.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::gateway {
namespace {

using routes = std::vector<route_announcement>;

node_view node(std::vector<service_announcement> services) {
  node_view out;
  out.services = std::move(services);
  return out;
}

cluster_view one_service(routes all) {
  return {{node({{"s", false, std::move(all)}})}, {}};
}

request make(http_method method, std::string target) {
  request out;
  out.method = method;
  out.path_size = static_cast<std::uint32_t>(std::min(target.find('?'), target.size()));
  out.target = std::move(target);
  return out;
}

/// "s.1 id=7", the route found in the first candidate with its parameters, or what else it says.
std::string find(const router& where, http_method method, std::string target) {
  auto what = make(method, std::move(target));
  const auto match = where.find(what);
  if (match.malformed)
    return "malformed";
  if (match.entry == nullptr)
    return match.allowed.empty() ? "not found" : "allowed: " + match.allowed;
  auto out =
      match.entry->service + "."
      + (match.entry->candidates.empty() ? "departed"
                                         : std::to_string(match.entry->candidates.front().route));
  for (std::size_t i = 0; i < what.parameters.size(); ++i) {
    const auto& candidates = match.entry->candidates; // they know the parameters' names
    out += " " + (candidates.empty() ? "?" : candidates.front().parameter_names[i]) + "="
           + what.parameters[i].second;
  }
  return out;
}

using enum http_method;

TEST(router, prefers_literals_to_parameters_and_goes_back_when_they_lead_nowhere) {
  const router all{one_service({{get, "/"},
                                {get, "/users"},
                                {get, "/users/{id}"},
                                {get, "/users/me"},
                                {get, "/users/{id}/posts/{post}"},
                                {get, "/users/me/likes"},
                                {get, "/{a}/{b}/{c}"},
                                {get, "/dir/"}})};
  const std::pair<std::string, std::string> cases[] = {
      {"/", "s.0"},
      {"/?x=y", "s.0"},
      {"/users", "s.1"},
      {"/users/7", "s.2 id=7"},
      {"/users/7?x=/y", "s.2 id=7"},
      {"/users/me", "s.3"},
      {"/users/me2", "s.2 id=me2"},
      {"/users/7/posts/8", "s.4 id=7 post=8"},
      {"/users/me/posts/8", "s.4 id=me post=8"}, // back from "me"
      {"/users/me/likes", "s.5"},
      {"/users/me/other", "s.6 a=users b=me c=other"}, // back by two
      {"/users/7/posts", "s.6 a=users b=7 c=posts"},
      {"/x/y/z", "s.6 a=x b=y c=z"},
      {"/dir/", "s.7"},
      {"/dir", "not found"},
      {"/users/", "not found"}, // a parameter is never empty
      {"//", "not found"},
      {"/x//z", "not found"},
      {"/Users", "not found"},
      {"/x/y", "not found"},
      {"/x/y/z/", "not found"},
  };
  for (const auto& [target, expected] : cases)
    EXPECT_EQ(find(all, get, target), expected) << target;
}

TEST(router, decodes_each_segment_after_it_has_split_the_path) {
  const router all{one_service({{get, "/users/{id}"}, {get, "/users/me"}, {get, "/\u00e4/{x}"}})};
  const std::pair<std::string, std::string> cases[] = {
      {"/users/a%20b", "s.0 id=a b"}, {"/users/a+b", "s.0 id=a+b"},
      {"/users/a%2Fb", "s.0 id=a/b"}, {"/users/%C3%A4", "s.0 id=\u00e4"},
      {"/users/%2525", "s.0 id=%25"}, {"/users/m%65", "s.1"},
      {"/%75sers/me", "s.1"},         {"/%C3%A4/1", "s.2 x=1"},
      {"/users%2Fme", "not found"},   {"/users/%", "malformed"},
      {"/users/%4", "malformed"},     {"/users/%zz", "malformed"},
      {"/users/%00", "malformed"},    {"/no/such/%zz", "malformed"},
      {"/users/7?x=%zz", "s.0 id=7"}, // the query is the handler's
  };
  for (const auto& [target, expected] : cases)
    EXPECT_EQ(find(all, get, target), expected) << target;
}

TEST(router, finds_a_literal_with_an_escape_beside_parameters_or_without) {
  const router all{one_service({{get, "/a%20b"}, {get, "/a%20b/{x}"}})};
  EXPECT_EQ(find(all, get, "/a%20b"), "s.0");
  EXPECT_EQ(find(all, get, "/a%20b/1"), "s.1 x=1");
}

TEST(router, finds_the_route_of_a_method_and_names_the_others) {
  const router all{one_service({{get, "/a"},
                                {post, "/a"},
                                {delete_, "/b/{x}"},
                                {head, "/c"},
                                {get, "/c"},
                                {options, "/d"},
                                {put, "/d"}})};
  struct {
    http_method method;
    std::string target, expected;
  } cases[] = {
      {get, "/a", "s.0"},
      {post, "/a", "s.1"},
      {head, "/a", "s.0"}, // as GET
      {put, "/a", "allowed: GET, HEAD, POST, OPTIONS"},
      {options, "/a", "allowed: GET, HEAD, POST, OPTIONS"},
      {get, "/b/1", "allowed: DELETE, OPTIONS"},
      {head, "/b/1", "allowed: DELETE, OPTIONS"},
      {options, "/b/1", "allowed: DELETE, OPTIONS"},
      {delete_, "/b/1", "s.2 x=1"},
      {head, "/c", "s.3"},
      {get, "/c", "s.4"},
      {post, "/c", "allowed: GET, HEAD, OPTIONS"},
      {options, "/d", "s.5"},
      {patch, "/d", "allowed: PUT, OPTIONS"},
      {options, "/no", "not found"},
  };
  for (const auto& each : cases)
    EXPECT_EQ(find(all, each.method, each.target), each.expected)
        << to_string(each.method) << " " << each.target;
}

std::string candidates_of(const router& where, std::string target) {
  auto what = make(get, std::move(target));
  const auto match = where.find(what);
  std::string out;
  if (match.entry != nullptr)
    for (const auto& each : match.entry->candidates)
      out += "node " + std::to_string(each.node) + " service " + std::to_string(each.service)
             + " route " + std::to_string(each.route) + "; ";
  return out;
}

TEST(router, names_every_node_that_answers_a_route) {
  const service_announcement a{"a", false, {{get, "/a"}}};
  const service_announcement b{"b", false, {{post, "/b"}, {get, "/b"}}};
  const service_announcement b_turned{"b", false, {{get, "/b"}, {post, "/b"}}};
  const router all{{{node({a}), node({b}), node({a, b_turned})}, {}}};
  EXPECT_EQ(candidates_of(all, "/a"), "node 0 service 0 route 0; node 2 service 0 route 0; ");
  EXPECT_EQ(candidates_of(all, "/b"), "node 1 service 0 route 1; node 2 service 1 route 0; ");
}

TEST(router, gives_a_singleton_one_home) {
  const service_announcement single{"one", true, {{get, "/x"}, {get, "/y"}}};
  const router all{{{node({}), node({single}), node({single})}, {}}};
  EXPECT_EQ(candidates_of(all, "/x"), "node 1 service 0 route 0; ");
  EXPECT_EQ(candidates_of(all, "/y"), "node 1 service 0 route 1; ");
}

TEST(router, keeps_a_route_with_the_service_that_had_it_first) {
  const service_announcement first{"first", false, {{get, "/x/{a}"}}};
  const service_announcement second{"second", false, {{get, "/x/{b}"}, {post, "/x/{b}"}}};
  const router all{{{node({first}), node({second})}, {}}};
  EXPECT_EQ(find(all, get, "/x/1"), "first.0 a=1");
  EXPECT_EQ(candidates_of(all, "/x/1"), "node 0 service 0 route 0; ");
  EXPECT_EQ(find(all, post, "/x/1"), "second.1 b=1");
}

TEST(router, knows_the_routes_of_departed_services_until_another_one_takes_them) {
  const service_announcement gone{"gone", false, {{get, "/x"}, {get, "/y/{id}"}}};
  const service_announcement heir{"heir", false, {{get, "/x"}}};
  const router all{{{node({heir})}, {gone}}};
  EXPECT_EQ(find(all, get, "/y/1"), "gone.departed ?=1");
  EXPECT_EQ(find(all, post, "/y/1"), "allowed: GET, HEAD, OPTIONS");
  EXPECT_EQ(find(all, get, "/x"), "heir.0");
}

TEST(router, calls_parameters_as_the_node_that_answers_calls_them) {
  const service_announcement old_version{"s", false, {{get, "/x/{id}/{part}"}}};
  const service_announcement new_version{"s", false, {{get, "/x/{key}/{part}"}}};
  const router all{{{node({old_version}), node({new_version})}, {}}};
  auto what = make(get, "/x/1/2");
  const auto match = all.find(what);
  ASSERT_NE(match.entry, nullptr);
  ASSERT_EQ(match.entry->candidates.size(), 2u);
  using names = std::vector<std::string>;
  EXPECT_EQ(match.entry->candidates[0].parameter_names, (names{"id", "part"}));
  EXPECT_EQ(match.entry->candidates[1].parameter_names, (names{"key", "part"}));
}

TEST(router, finds_no_route_for_the_server_as_a_whole) {
  const router all{one_service({{get, "/"}, {options, "/"}, {get, "/{x}"}})};
  EXPECT_EQ(find(all, options, "*"), "not found");
}

TEST(router, without_nodes_finds_nothing) {
  const router none{cluster_view{}};
  EXPECT_EQ(find(none, get, "/"), "not found");
  EXPECT_EQ(find(none, options, "*"), "not found");
}

TEST(router, replaces_the_parameters_of_an_earlier_search) {
  const router all{one_service({{get, "/{a}/{b}"}, {get, "/{a}"}, {get, "/x"}})};
  auto what = make(get, "/1/2");
  for (const auto& [target, count] :
       {std::pair{"/1/2", 2u}, std::pair{"/3", 1u}, std::pair{"/x", 0u}}) {
    what.target = target;
    what.path_size = static_cast<std::uint32_t>(what.target.size());
    EXPECT_NE(all.find(what).entry, nullptr);
    EXPECT_EQ(what.parameters.size(), count) << target;
  }
}

} // namespace
} // namespace troupe::gateway
