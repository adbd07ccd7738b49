// examples/chat, by its WebSockets; tests/browser has its page.
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/websocket_client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

namespace troupe::test {
namespace {

using json = nlohmann::json;

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

  static json next(websocket_client& from) {
    const auto frame = from.read();
    EXPECT_EQ(frame.opcode, opcode_text) << frame.data;
    return json::parse(frame.data, nullptr, false);
  }

  static json said(const std::string& name, const std::string& text) {
    return {{"type", "said"}, {"name", name}, {"text", text}};
  }

  gateway node_{node_options{"chat", {"--threads", "3", "--http-write-timeout", "60s"}, {}}};
};

TEST_F(Chat, TellsAllOfARoomAndNobodyElse) {
  auto ada = enter("a", "Ada", {"Ada"});
  auto grace = enter("a", "Grace", {"Ada", "Grace"});
  auto other = enter("b", "Ada", {"Ada"});
  EXPECT_EQ(next(*ada), (json{{"type", "joined"}, {"name", "Grace"}}));
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
  const std::set<json> left{next(*members[0]), next(*members[0])};
  EXPECT_EQ(left, (std::set<json>{{{"type", "left"}, {"name", "m7"}}, {{"type", "left"}, {"name", "m8"}}}));
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
  bool left = false;
  for (int i = 0; i < 20'000 && !left; ++i) { // more than any socket takes
    ada->send_text(text);
    auto news = next(*ada);
    if (news["type"] == "left") {
      left = true;
      news = next(*ada);
    }
    ASSERT_EQ(news["type"], "said");
  }
  EXPECT_TRUE(left);
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

} // namespace
} // namespace troupe::test
