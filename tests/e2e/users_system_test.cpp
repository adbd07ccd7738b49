// The demo node's users, kept in SQL: the same cases on both databases.
#include "tests/e2e/backend_fixture.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/problem.hpp"

#include <algorithm>

namespace troupe::test {
namespace {

using nlohmann::json;

class Users : public on_each_backend {
protected:
  /// Each case has users of its own.
  json new_user(const std::string& email, const std::string& name = "Ada") {
    auto response = http().post("/users", {{"name", name}, {"email", email}});
    EXPECT_EQ(response.status, 201) << response;
    return response.json();
  }

  static std::string path_of(const json& user) {
    return "/users/" + std::to_string(user["id"].get<std::int64_t>());
  }
};
TROUPE_ON_EACH_BACKEND(Users);

TEST_P(Users, ANewUserIsAnsweredWithItsPlace) {
  auto response = http().post("/users", {{"name", "Ada"}, {"email", "ada@new.test"}});
  ASSERT_EQ(response.status, 201) << response;
  auto user = response.json();
  EXPECT_TRUE(user["id"].is_number_integer());
  EXPECT_EQ(user["name"], "Ada");
  EXPECT_EQ(user["email"], "ada@new.test");
  EXPECT_EQ(response.header("Location"), path_of(user));
  EXPECT_EQ(http().get(path_of(user)).json(), user);
}

TEST_P(Users, TheListHoldsEveryUserOnce) {
  auto first = new_user("first@list.test");
  auto second = new_user("second@list.test");
  auto response = http().get("/users");
  EXPECT_EQ(response.status, 200);
  auto all = response.json();
  ASSERT_TRUE(all.is_array());
  EXPECT_EQ(std::count(all.begin(), all.end(), first), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), second), 1);
}

TEST_P(Users, TextComesBackAsItWasGivenWhateverSqlWouldMakeOfIt) {
  for (const char* name : {"Zo\xc3\xab O'Neil", "x'); DROP TABLE users; --", "$1 %s \\ \"q\" ?",
                           "\xf0\x9f\x8e\xad\xe6\xbc\x94\xe5\x93\xa1", " spaces  "}) {
    auto user = new_user(std::string{name} + "@text.test", name);
    EXPECT_EQ(http().get(path_of(user)).json()["name"], name);
  }
}

TEST_P(Users, AnEmailBelongsToOneUser) {
  auto ada = new_user("ada@once.test");
  EXPECT_TRUE(is_problem(http().post("/users", {{"name", "B"}, {"email", "ada@once.test"}}), 409));
  auto bob = new_user("bob@once.test", "Bob");
  EXPECT_TRUE(
      is_problem(http().put(path_of(bob), {{"name", "Bob"}, {"email", "ada@once.test"}}), 409));
  EXPECT_EQ(http().get(path_of(bob)).json(), bob);
}

TEST_P(Users, AUserCanBeChanged) {
  auto user = new_user("ada@change.test");
  json changed{{"id", user["id"]}, {"name", "Countess"}, {"email", "countess@change.test"}};
  auto response =
      http().put(path_of(user), {{"name", "Countess"}, {"email", "countess@change.test"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json(), changed);
  EXPECT_EQ(http().get(path_of(user)).json(), changed);
}

TEST_P(Users, ARemovedUserIsGone) {
  auto user = new_user("ada@remove.test");
  auto response = http().remove(path_of(user));
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.count("Content-Length"), 0) << "RFC 9110 forbids it in a 204";
  EXPECT_TRUE(is_problem(http().get(path_of(user)), 404));
  EXPECT_TRUE(is_problem(http().remove(path_of(user)), 404));
  EXPECT_EQ(new_user("ada@remove.test")["name"], "Ada") << "the email must be free again";
}

TEST_P(Users, AnUnknownUserIsNotFound) {
  EXPECT_TRUE(is_problem(http().get("/users/2147480000"), 404));
  EXPECT_TRUE(
      is_problem(http().put("/users/2147480000", {{"name", "a"}, {"email", "b@c.test"}}), 404));
  EXPECT_TRUE(is_problem(http().remove("/users/2147480000"), 404));
}

TEST_P(Users, AnIdThatIsNoIntegerIsRefused) {
  for (const char* id : {"ada", "1x", "1.5", "99999999999999999999", "%20", "-"}) {
    auto target = std::string{"/users/"} + id;
    EXPECT_TRUE(is_problem(http().get(target), 400)) << target;
    EXPECT_TRUE(is_problem(http().remove(target), 400)) << target;
  }
}

TEST_P(Users, AMissingOrWrongFieldIsUnprocessable) {
  auto user = new_user("ada@fields.test");
  const std::vector<json> bodies{json::object(),
                                 {{"name", "Ada"}},
                                 {{"email", "x@fields.test"}},
                                 {{"name", 7}, {"email", "x@fields.test"}},
                                 {{"name", "Ada"}, {"email", nullptr}},
                                 {{"name", {"Ada"}}, {"email", "x@fields.test"}},
                                 {{"name", ""}, {"email", "x@fields.test"}},
                                 json::array(),
                                 json("Ada"),
                                 json(nullptr)};
  for (const auto& body : bodies) {
    EXPECT_TRUE(is_problem(http().post("/users", body), 422)) << body;
    EXPECT_TRUE(is_problem(http().put(path_of(user), body), 422)) << body;
  }
  EXPECT_EQ(http().get(path_of(user)).json(), user);
}

TEST_P(Users, ABodyThatIsNoJsonIsRefused) {
  EXPECT_TRUE(is_problem(http().post("/users"), 411));
  EXPECT_TRUE(is_problem(http().post_text("/users", "{\"name\": }", "application/json"), 400));
  EXPECT_TRUE(is_problem(http().post_text("/users", "", "application/json"), 400));
  EXPECT_TRUE(is_problem(http().post_text("/users", "\"\xff\xfe\"", "application/json"), 400));
  EXPECT_TRUE(is_problem(http().post_text("/users", "name=Ada", "text/csv"), 415));
}

TEST_P(Users, ManyClientsAtOnceGetUsersOfTheirOwn) {
  load_generator load{
      node().http_port(), 8, [](unsigned client, std::uint64_t number) {
        auto email = std::to_string(client) + "-" + std::to_string(number);
        json body{{"name", email}, {"email", email + "@many.test"}};
        return http_request{"POST", "/users", body.dump(), {{"Content-Type", "application/json"}}};
      }};
  ASSERT_TRUE(load.wait_for_answers(200));
  std::vector<std::int64_t> ids;
  for (const auto& each : load.stop()) {
    ASSERT_EQ(each.response.status, 201) << each;
    auto sent = json::parse(*each.request.body);
    EXPECT_EQ(each.response.json()["email"], sent["email"]);
    ids.push_back(each.response.json()["id"].get<std::int64_t>());
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end()) << "an id was given twice";
}

} // namespace
} // namespace troupe::test
