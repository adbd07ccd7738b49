// examples/chat, by its WebSockets; tests/browser has its page.
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/websocket_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {
namespace {

using json = nlohmann::json;

json next(websocket_client& from) {
  const auto frame = from.read();
  EXPECT_EQ(frame.opcode, opcode_text) << frame.data;
  return json::parse(frame.data, nullptr, false);
}

json said(const std::string& name, const std::string& text) {
  return {{"type", "said"}, {"name", name}, {"text", text}};
}

json joined(const std::string& name) {
  return {{"type", "joined"}, {"name", name}};
}

json left(const std::string& name) {
  return {{"type", "left"}, {"name", name}};
}

class Chat : public testing::Test {
protected:
  /// In the room, and welcomed.
  [[nodiscard]] std::unique_ptr<websocket_client> enter(const std::string& room, const std::string& name,
                                                        const json& present) const {
    auto made = connect("/rooms/" + room + "?name=" + name);
    const auto welcome = next(*made);
    EXPECT_EQ(welcome, (json{{"type", "welcome"}, {"name", name}, {"names", present}}));
    return made;
  }

  [[nodiscard]] std::unique_ptr<websocket_client> connect(const std::string& target) const {
    return std::make_unique<websocket_client>(node_.http_port(), target);
  }

  gateway node_{node_options{"chat", {"--threads", "3", "--http-write-timeout", "60s"}, {}}};
};

TEST_F(Chat, TellsAllOfARoomAndNobodyElse) {
  auto ada = enter("a", "Ada", {"Ada"});
  auto grace = enter("a", "Grace", {"Ada", "Grace"});
  auto other = enter("b", "Ada", {"Ada"});
  EXPECT_EQ(next(*ada), joined("Grace"));
  ada->send_text("hello");
  EXPECT_EQ(next(*ada), said("Ada", "hello"));
  EXPECT_EQ(next(*grace), said("Ada", "hello"));
  grace->send_text("<b>\"h\xc3\xa9\"</b>");
  EXPECT_EQ(next(*ada), said("Grace", "<b>\"h\xc3\xa9\"</b>"));
  other->send_text("alone");
  EXPECT_EQ(next(*other), said("Ada", "alone")) << "heard of another room";
}

TEST_F(Chat, TellsARoomOfManyLoopsWhoHasLeft) {
  std::vector<std::unique_ptr<websocket_client>> members;
  json names = json::array();
  for (int i = 0; i < 9; ++i) {
    const auto name = "m" + std::to_string(i);
    names.push_back(name);
    members.push_back(enter("many", name, names));
  }
  members[7]->send_close(1000);
  members[7]->read_close();
  members.back()->connection().reset();
  members.pop_back();
  for (int i = 1; i < 9; ++i)
    EXPECT_EQ(next(*members[0])["type"], "joined");
  const std::set<json> gone{next(*members[0]), next(*members[0])};
  EXPECT_EQ(gone, (std::set<json>{left("m7"), left("m8")}));
  const auto again = enter("many", "m8", {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m8"});
}

TEST_F(Chat, RefusesNamesAndTextsWithWordsForThePage) {
  auto ada = enter("a", "Ada", {"Ada"});
  const std::string long_name(65, 'x');
  for (const auto& [target, words] : std::vector<std::pair<std::string, std::string>>{
         {"/rooms/a?name=Ada", "somebody here has that name"},
         {"/rooms/a?name=%20", "a name has 1 to 64 bytes, and no control characters"},
         {"/rooms/a?name=%0a", "a name has 1 to 64 bytes, and no control characters"},
         {"/rooms/a?name=" + long_name, "a name has 1 to 64 bytes, and no control characters"},
         {"/rooms/" + long_name + "?name=x", "a room's name has 1 to 64 bytes, and no control characters"},
         {"/rooms/a", "query parameter \"name\" is missing"}}) {
    const auto last = connect(target)->read();
    EXPECT_EQ(last.opcode, opcode_close) << target;
    EXPECT_EQ(last.data, close_data(1008) + words) << target;
  }
  ada->send_text(std::string(4000, 'x'));
  EXPECT_EQ(next(*ada), said("Ada", std::string(4000, 'x')));
  ada->send_text(std::string(4001, 'x'));
  EXPECT_EQ(ada->read(), (websocket_frame{opcode_close, close_data(1008) + "a message has at most 4000 bytes",
                                          true, false}));
  auto grace = enter("c", "Grace", {"Grace"});
  grace->send({opcode_binary, "x"});
  EXPECT_EQ(grace->read_close(), 1008);
}

TEST_F(Chat, TakesNamesOfAnyBytesAndSendsText) {
  auto ada = connect("/rooms/a?name=%ff%3Cb%3E");
  EXPECT_EQ(next(*ada)["name"], "\xef\xbf\xbd<b>");
}

TEST_F(Chat, DropsAReaderWhoIsTooSlowAndHoldsUpNobody) {
  auto ada = enter("a", "Ada", {"Ada"});
  auto slow = enter("a", "Slow", {"Ada", "Slow"});
  EXPECT_EQ(next(*ada)["type"], "joined");
  const std::string text(4000, 'x');
  bool dropped = false;
  for (int i = 0; i < 20'000 && !dropped; ++i) { // more than any socket takes
    ada->send_text(text);
    auto news = next(*ada);
    if (news["type"] == "left") {
      dropped = true;
      news = next(*ada);
    }
    ASSERT_EQ(news["type"], "said");
  }
  EXPECT_TRUE(dropped);
  websocket_frame last;
  do
    last = slow->read();
  while (last.opcode == opcode_text);
  EXPECT_EQ(last, (websocket_frame{opcode_close, close_data(1013) + "this room is faster than you read", true,
                                   false}));
}

TEST_F(Chat, ServesItsPageUnderAStrictPolicyThatIsNewEachTime) {
  const auto page = get(node_.http_port(), "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  const auto policy = page.header("Content-Security-Policy").value();
  const auto at = policy.find("script-src 'nonce-") + 18;
  const auto nonce = policy.substr(at, 32);
  EXPECT_EQ(nonce.find_first_not_of("0123456789abcdef"), std::string::npos) << policy;
  EXPECT_TRUE(policy.starts_with("default-src 'none';")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_NE(page.body.find("<script nonce=\"" + nonce + "\">"), std::string::npos);
  EXPECT_NE(page.body.find("<style nonce=\"" + nonce + "\">"), std::string::npos);
  EXPECT_EQ(page.body.find("{{"), std::string::npos);
  EXPECT_NE(get(node_.http_port(), "/").header("Content-Security-Policy"), policy);
}

/// Two worker nodes, behind a gateway that has no visitors itself.
class ChatOfTwoNodes : public testing::Test {
protected:
  struct person {
    std::string name;
    std::set<std::string> names; // of the welcome
    std::unique_ptr<websocket_client> socket;
    std::string node; // that the gateway has sent it to
  };
  /// Those in a room, as they came: the first and the last are on different nodes.
  struct company {
    std::string room;
    std::vector<person> people;

    [[nodiscard]] person& first() { return people.front(); }
    [[nodiscard]] person& last() { return people.back(); }
  };

  void SetUp() override { ASSERT_TRUE(wait_for_nodes(front_, {"one", "other"})); }

  [[nodiscard]] std::unique_ptr<websocket_client> connect(const std::string& room, const std::string& name) const {
    return std::make_unique<websocket_client>(front_.http_port(), "/rooms/" + room + "?name=" + name);
  }

  /// Somebody new. REQUIRES: no connection ends meanwhile.
  person enter(const std::string& room) {
    const auto before = find_node(front_, "one")->outstanding;
    const auto name = "p" + std::to_string(++people_);
    auto socket = connect(room, name);
    const auto welcome = next(*socket);
    EXPECT_EQ(welcome["type"], "welcome");
    const bool at_one = find_node(front_, "one")->outstanding > before;
    return {name, welcome["names"], std::move(socket), at_one ? "one" : "other"};
  }

  /// In a new room.
  company gather() {
    company out;
    EXPECT_TRUE(eventually([&] {
      out.room = "r" + std::to_string(++rooms_);
      auto& people = out.people;
      for (auto& each : std::exchange(people, {}))
        kept_.push_back(std::move(each));
      do
        people.push_back(enter(out.room));
      while (people.size() < 100 && out.first().node == out.last().node);
      // Else the nodes have not heard of each other yet, and each has a room of that name.
      return out.last().names.size() == people.size();
    }));
    EXPECT_NE(out.first().node, out.last().node);
    return out;
  }

  [[nodiscard]] static node_options chat_node(std::vector<std::string> flags = {}) {
    flags.insert(flags.end(), {"--cluster-slow-start", "0s"});
    return {"chat", std::move(flags), {}};
  }

  gateway front_{chat_node({"--no-local-workers"})};
  worker one_{front_, "one", chat_node()};
  worker other_{front_, "other", chat_node()};

private:
  int rooms_ = 0;
  int people_ = 0;
  std::vector<person> kept_;
};

TEST_F(ChatOfTwoNodes, TellsThoseOnBothWhoComesAndLeaves) {
  auto all = gather();
  for (std::size_t i = 1; i < all.people.size(); ++i)
    EXPECT_EQ(next(*all.first().socket), joined(all.people[i].name));
  auto polite = enter(all.room), rude = enter(all.room);
  EXPECT_EQ(rude.names.size(), all.people.size() + 2);
  for (auto* each : {&all.first(), &all.last()})
    for (const auto& name : {polite.name, rude.name})
      EXPECT_EQ(next(*each->socket), joined(name)) << "on node " << each->node;
  EXPECT_EQ(next(*polite.socket), joined(rude.name));
  polite.socket->send_close(1000);
  for (auto* each : {&all.first(), &all.last(), &rude})
    EXPECT_EQ(next(*each->socket), left(polite.name)) << "on node " << each->node;
  rude.socket->connection().reset();
  for (auto* each : {&all.first(), &all.last()})
    EXPECT_EQ(next(*each->socket), left(rude.name)) << "on node " << each->node;
}

TEST_F(ChatOfTwoNodes, TellsWhatIsSaidOnBothInTheSameOrder) {
  constexpr std::size_t count = 300; // many more than a visitor's queue holds
  auto all = gather();
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < count; ++i) {
    expected.push_back(std::to_string(i));
    for (auto* each : {&all.first(), &all.last()})
      each->socket->send_text(expected.back());
  }
  const auto read_all = [](person& by) {
    std::vector<json> heard;
    while (heard.size() < 2 * count && !testing::Test::HasFailure())
      if (auto news = next(*by.socket); news["type"] == "said")
        heard.push_back(std::move(news));
    return heard;
  };
  const auto heard = read_all(all.first());
  EXPECT_EQ(read_all(all.last()), heard);
  for (const auto* each : {&all.first(), &all.last()}) {
    std::vector<std::string> texts;
    for (const auto& news : heard)
      if (news["name"] == each->name)
        texts.push_back(news["text"]);
    EXPECT_EQ(texts, expected);
  }
}

TEST_F(ChatOfTwoNodes, HasEachNameOnceOnBothTogether) {
  auto all = gather();
  const auto answered = [&](const char* node) { return find_node(front_, node)->answered; };
  for (int tries = 0; tries < 200 && (answered("one") == 0 || answered("other") == 0); ++tries) {
    const auto last = connect(all.room, all.first().name)->read();
    ASSERT_EQ(last.opcode, opcode_close);
    ASSERT_EQ(last.data, close_data(1008) + "somebody here has that name");
  }
  EXPECT_GT(answered("one"), 0);
  EXPECT_GT(answered("other"), 0);
  all.first().socket->send_close(1000);
  while (next(*all.last().socket) != left(all.first().name))
    ASSERT_FALSE(HasFailure());
  EXPECT_EQ(next(*connect(all.room, all.first().name))["type"], "welcome");
}

// Which rooms a node has nobody can see from outside: of so many, both have some.
TEST_F(ChatOfTwoNodes, GoesOnInTheRoomsOfANodeThatIsStopped) {
  std::vector<company> companies;
  while (companies.size() < 30)
    companies.push_back(gather());
  EXPECT_EQ(one_.stop(), exit_status{}) << one_.log_text();
  std::size_t begun_anew = 0;
  for (auto& all : companies) {
    auto& stays = all.first().node == "other" ? all.first() : all.last();
    auto present = stays.names;
    /// Reads up to this, and does with the names what the page does.
    const auto read_to = [&](const json& last) {
      for (json news; news != last && !HasFailure();) {
        news = next(*stays.socket);
        if (news["type"] == "welcome") {
          present = news["names"].get<std::set<std::string>>();
          ++begun_anew;
        } else if (news["type"] == "joined") {
          present.insert(news["name"]);
        } else if (news["type"] == "left") {
          present.erase(news["name"]);
        }
      }
    };
    stays.socket->send_text("still here");
    read_to(said(stays.name, "still here"));
    auto newcomer = connect(all.room, "newcomer");
    EXPECT_EQ(next(*newcomer)["type"], "welcome");
    newcomer->send_text("hello");
    read_to(said("newcomer", "hello"));
    EXPECT_TRUE(present.contains(stays.name));
    EXPECT_TRUE(present.contains("newcomer"));
    for (const auto& each : all.people)
      EXPECT_TRUE(each.node == "other" || !present.contains(each.name)) << each.name << " was on the node";
    ASSERT_FALSE(HasFailure()) << all.room;
  }
  EXPECT_GT(begun_anew, 0U);
  EXPECT_LT(begun_anew, companies.size());
}

} // namespace
} // namespace troupe::test
