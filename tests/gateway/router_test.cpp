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

TEST(router, takes_dot_segments_out_once) {
  const router all{one_service({{get, "/"}, {get, "/a"}, {get, "/a/{x}"}, {get, "/a/"}})};
  const std::pair<std::string, std::string> cases[] = {
      {"/./a", "s.1"},          {"/a/.", "s.3"},
      {"/a/b/..", "s.3"},       {"/a/..", "s.0"},
      {"/a/b/../c", "s.2 x=c"}, {"/%2e/a/%2E%2e/a", "s.1"},
      {"/x//../a", "not found"}, {"/a//../b", "s.2 x=b"},
      {"/..", "malformed"},     {"/a/../../a", "malformed"},
      {"/%2e%2e/a", "malformed"}, {"/a/%252e%252e", "s.2 x=%2e%2e"},
      {"/a/..%2f..", "s.2 x=../.."}, {"/a/...", "s.2 x=..."},
      {"/a?x=/../..", "s.1"},
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

TEST(router, prefers_literals_to_types_to_any_segment_to_what_is_left) {
  const router all{one_service({{get, "/{all...}"},
                                {get, "/x/{any}"},
                                {get, "/x/{id:uuid}"},
                                {get, "/x/{id:int}"},
                                {get, "/x/{id:uint}"},
                                {get, "/x/7"},
                                {get, "/x/{any}/end"},
                                {get, "/x/{id:int}/{more...}"},
                                {get, "/y/{id:int}"}})};
  const std::string uuid = "00112233-4455-6677-8899-aabbccddeeff";
  const std::pair<std::string, std::string> cases[] = {
      {"/x/7", "s.5"},
      {"/x/8", "s.4 id=8"},
      {"/x/%38", "s.4 id=8"},
      {"/x/-8", "s.3 id=-8"},
      {"/x/" + uuid, "s.2 id=" + uuid},
      {"/x/eight", "s.1 any=eight"},
      {"/x/99999999999999999999", "s.1 any=99999999999999999999"}, // fits no integer
      {"/x/8/end", "s.7 id=8 more=end"}, // the first segment that differs decides
      {"/x/a/end", "s.6 any=a"},
      {"/x/a/other", "s.0 all=x/a/other"},
      {"/y/7", "s.8 id=7"},
      {"/y/seven", "s.0 all=y/seven"},
      {"/x/", "s.0 all=x/"},
      {"/x", "s.0 all=x"},
      {"/", "s.0 all="},
  };
  for (const auto& [target, expected] : cases)
    EXPECT_EQ(find(all, get, target), expected) << target;
}

TEST(router, finds_nothing_where_a_segment_has_another_type) {
  const router all{one_service({{get, "/x/{id:int}"}, {get, "/x/{id:int}/y"}})};
  EXPECT_EQ(find(all, get, "/x/7/y"), "s.1 id=7");
  EXPECT_EQ(find(all, get, "/x/a"), "not found");
  EXPECT_EQ(find(all, get, "/x/a/y"), "not found");
  EXPECT_EQ(find(all, get, "/x/"), "not found");
}

TEST(router, gives_what_is_left_of_a_path_as_one_value) {
  const router all{one_service({{get, "/files/{path...}"},
                                {get, "/{user}/files/{path...}"},
                                {get, "/files/literal"}})};
  const std::pair<std::string, std::string> cases[] = {
      {"/files/a", "s.0 path=a"},
      {"/files/a/b/c", "s.0 path=a/b/c"},
      {"/files/", "s.0 path="},
      {"/files", "not found"},
      {"/files/a/", "s.0 path=a/"},
      {"/files/a//b", "s.0 path=a//b"},
      {"/files/a%2Fb/c%20d", "s.0 path=a/b/c d"}, // an escaped / parts no segments
      {"/files/%25", "s.0 path=%"},
      {"/files%2Fa", "not found"},
      {"/files/a/%zz", "malformed"},
      {"/files/a?x=/y", "s.0 path=a"},
      {"/files/literal", "s.2"},
      {"/files/literal/more", "s.0 path=literal/more"},
      {"/me/files/a/b", "s.1 user=me path=a/b"},
      {"/m%65/files/%61/b", "s.1 user=me path=a/b"},
      {"/files/files/a", "s.0 path=files/a"}, // the literal first, though less is left to the other
  };
  for (const auto& [target, expected] : cases)
    EXPECT_EQ(find(all, get, target), expected) << target;
}

TEST(router, takes_paths_that_are_longer_than_any_pattern) {
  std::string longest, path;
  for (std::size_t i = 0; i < route_pattern::max_segments; ++i)
    longest += "/x";
  const router all{one_service({{get, longest}, {get, "/x/{p...}"}})};
  EXPECT_EQ(find(all, get, longest), "s.0");
  for (int i = 0; i < 5000; ++i)
    path += "/x";
  EXPECT_EQ(find(all, get, path), "s.1 p=" + path.substr(3));
  EXPECT_EQ(find(all, get, "/y" + path), "not found");
}

TEST(router, looks_for_the_method_in_all_patterns_that_match) {
  const router all{one_service({{get, "/users/{id:int}"},
                                {post, "/users/{name}"},
                                {get, "/users/me"},
                                {put, "/{all...}"},
                                {head, "/users/{name}"},
                                {options, "/cors/{any...}"},
                                {get, "/cors/x"},
                                {delete_, "/other"}})};
  struct {
    http_method method;
    std::string target, expected;
  } cases[] = {
      {get, "/users/7", "s.0 id=7"},
      {post, "/users/7", "s.1 name=7"},
      {post, "/users/me", "s.1 name=me"},
      {put, "/users/me", "s.3 all=users/me"},
      {put, "/other", "s.3 all=other"},
      {head, "/users/7", "s.0 id=7"},    // the GET route is the more specific one
      {head, "/users/x", "s.4 name=x"},
      {get, "/users/x", "allowed: HEAD, POST, PUT, OPTIONS"},
      {delete_, "/users/7", "allowed: GET, HEAD, POST, PUT, OPTIONS"},
      {delete_, "/users/me", "allowed: GET, HEAD, POST, PUT, OPTIONS"},
      {options, "/users/7", "allowed: GET, HEAD, POST, PUT, OPTIONS"},
      {options, "/cors/x", "s.5 any=x"},
      {get, "/other", "allowed: PUT, DELETE, OPTIONS"},
      {get, "/no", "allowed: PUT, OPTIONS"},
  };
  for (const auto& each : cases)
    EXPECT_EQ(find(all, each.method, each.target), each.expected)
        << to_string(each.method) << " " << each.target;
}

std::uint32_t steps_of(const router& where, std::string target) {
  auto what = make(get, std::move(target));
  return where.find(what).steps;
}

// At each of 20 levels a path may follow the literal or the parameter: over a million ways to try.
TEST(router, tries_no_more_places_than_the_patterns_have_segments) {
  constexpr int levels = 20;
  const auto path = [](int parameter_at, const char* end) {
    std::string out;
    for (int i = 0; i < levels; ++i)
      out += i == parameter_at ? "/{p}" : "/a";
    return out + end;
  };
  routes all;
  for (int i = 0; i <= levels; ++i)
    all.push_back({get, path(i, "/end")});
  const router where{one_service(all)};
  EXPECT_EQ(find(where, get, path(levels, "/end")), "s.20");
  EXPECT_LE(steps_of(where, path(levels, "/x")), (levels + 1) * (levels + 2) / 2 + 1);
  all.push_back({post, path(levels, "/{all...}")});
  EXPECT_LE(steps_of(router{one_service(all)}, path(levels, "/x")),
            (levels + 1) * (levels + 2) / 2 + 2);
}

TEST(router, takes_as_many_steps_whether_it_has_few_routes_or_many) {
  routes all{{get, "/s/l"}, {get, "/s/{id:int}"}, {get, "/s/{id:int}/x/{p}"}, {get, "/w/{p...}"}};
  const router few{one_service(all)};
  for (int i = 0; i < 10'000; ++i)
    all.push_back({get, (i % 2 == 0 ? "/s/" : "/") + ("r" + std::to_string(i)) + "/{id}"});
  const router many{one_service(all)};
  for (const auto* target : {"/s/l", "/s/7", "/s/7/x/y", "/w/a/b", "/s/7/y", "/no", "/s/no"}) {
    EXPECT_EQ(steps_of(few, target), steps_of(many, target)) << target;
    EXPECT_LE(steps_of(many, target), 5u) << target;
  }
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

TEST(router, takes_a_body_as_all_nodes_of_the_route_can) {
  const auto kind_of = [](std::vector<route_announcement> routes) {
    cluster_view view;
    for (auto& each : routes)
      view.nodes.push_back(node({{"one", false, {std::move(each)}}}));
    request what;
    what.method = post;
    what.target = "/x";
    what.path_size = 2;
    const router all{view};
    const auto* entry = all.find(what).entry;
    return std::pair{entry->kind, entry->max_body};
  };
  const route_announcement streamed{post, "/x", route_kind::streamed, 100};
  const route_announcement whole{post, "/x", route_kind::whole, 50};
  const route_announcement by_setting{post, "/x", route_kind::streamed, 0};
  EXPECT_EQ(kind_of({streamed}), (std::pair{route_kind::streamed, std::uint64_t{100}}));
  EXPECT_EQ(kind_of({streamed, streamed}), (std::pair{route_kind::streamed, std::uint64_t{100}}));
  EXPECT_EQ(kind_of({streamed, whole}), (std::pair{route_kind::whole, std::uint64_t{50}}));
  EXPECT_EQ(kind_of({whole, streamed}), (std::pair{route_kind::whole, std::uint64_t{50}}));
  EXPECT_EQ(kind_of({streamed, by_setting}), (std::pair{route_kind::streamed, std::uint64_t{0}}));
}

TEST(router, has_requests_keep_to_nodes_and_hedged_as_all_nodes_of_the_route_want_it) {
  using namespace std::chrono_literals;
  const auto entry_of = [](std::vector<route_announcement> routes) {
    cluster_view view;
    for (auto& each : routes)
      view.nodes.push_back(node({{"one", false, {std::move(each)}}}));
    auto what = make(get, "/x/1");
    const router all{view};
    const auto* entry = all.find(what).entry;
    return std::pair{entry->sticky, entry->hedge_after};
  };
  const stickiness by_path{stickiness::kind::parameter, 0, {}}, by_field{stickiness::kind::field, 0, "X"};
  const route_announcement first{get, "/x/{a}", route_kind::whole, 0, false, by_path, 20ms};
  const route_announcement renamed{get, "/x/{b}", route_kind::whole, 0, false, by_path, 50ms};
  const route_announcement other{get, "/x/{a}", route_kind::whole, 0, false, by_field, 0ms};
  const route_announcement endless{get, "/x/{a}", route_kind::whole, 0, false, {}, std::chrono::milliseconds::max()};
  EXPECT_EQ(entry_of({first}), (std::pair{by_path, 20ms}));
  EXPECT_EQ(entry_of({first, renamed}), (std::pair{by_path, 50ms})) << "names of parameters may differ";
  EXPECT_EQ(entry_of({first, other}), (std::pair{stickiness{}, 0ms}));
  EXPECT_EQ(entry_of({other, first}), (std::pair{stickiness{}, 0ms}));
  EXPECT_EQ(entry_of({endless, endless}).second, 10s);
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
