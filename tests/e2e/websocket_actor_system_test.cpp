// Connections that are actors, as a client sees them.
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/websocket_client.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace troupe::test {
namespace {

using json = nlohmann::json;

class ConnectionActor : public testing::Test {
protected:
  [[nodiscard]] std::uint16_t port() const { return gateway_.http_port(); }

  /// Actors of connections that there are.
  [[nodiscard]] int actors() const { return get(port(), "/counts").json()["takers"].get<int>(); }
  [[nodiscard]] json endings() const { return get(port(), "/endings").json(); }

  /// Connected as `name`, and greeted.
  [[nodiscard]] std::unique_ptr<websocket_client> speaker(const std::string& name) const {
    auto made = std::make_unique<websocket_client>(port(), "/speakers/" + name);
    EXPECT_EQ(made->read().data, "hello " + name);
    return made;
  }

  gateway gateway_{node_options{"stream-node", {"--threads", "3"}, {}}};
};

TEST_F(ConnectionActor, IsToldOfItsRequestAndHasItsArguments) {
  websocket_client client{port(), "/speakers/Ada%20L?mark=!"};
  EXPECT_EQ(client.read().data, "hello Ada L!");
}

TEST_F(ConnectionActor, IsHandedMessagesOfBothKindsInOrderAndOneAtATime) {
  auto client = speaker("Ada");
  const std::string bytes{"\0\xff", 2};
  client->send_text("slow");
  client->send({opcode_binary, bytes});
  client->send_text("quick");
  EXPECT_EQ(client->read().data, "slow");
  EXPECT_EQ(client->read(), (websocket_frame{opcode_binary, bytes, true, false}));
  EXPECT_EQ(client->read().data, "quick");
}

TEST_F(ConnectionActor, IsToldWhatActorsOfOtherLoopsSay) {
  std::vector<std::unique_ptr<websocket_client>> clients;
  for (int i = 0; i < 12; ++i) // on all loops
    clients.push_back(speaker("s" + std::to_string(i)));
  EXPECT_EQ(http_client{port()}.post_text("/announce", "all of you", "text/plain").status, 204);
  for (auto& each : clients)
    EXPECT_EQ(each->read().data, "all of you");
}

TEST_F(ConnectionActor, IsToldHowTheClientHasClosedAndEnds) {
  auto client = speaker("Ada");
  EXPECT_EQ(actors(), 1);
  client->send({opcode_close, close_data(4001) + "bye"});
  EXPECT_EQ(client->read_close(), 4001);
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
  EXPECT_EQ(endings(), json({"Ada 4001 bye"}));
}

TEST_F(ConnectionActor, IsToldThatTheClientIsLost) {
  speaker("Ada")->connection().reset();
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
  EXPECT_EQ(endings(), json({"Ada 1006 "}));
}

TEST_F(ConnectionActor, ClosesItsSocketAndIsToldSo) {
  auto client = speaker("Ada");
  client->send_text("close");
  EXPECT_EQ(client->read_close(), 4002);
  client->send_close(4002);
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
  EXPECT_EQ(endings(), json({"Ada 4002 as told"}));
}

TEST_F(ConnectionActor, RefusesTheClientBeforeTheSocketIsOpen) {
  const auto answer = http_connection{port()}.exchange(handshake("/speakers/nobody"));
  EXPECT_TRUE(is_problem(answer, 401));
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
  EXPECT_EQ(endings(), json::array()) << "what was never open was closed";
}

TEST_F(ConnectionActor, ClosesWithTheWordsOfItsErrorAndIsToldOfTheEnd) {
  auto client = speaker("Ada");
  client->send_text("refuse");
  const auto last = client->read();
  EXPECT_EQ(last, (websocket_frame{opcode_close, close_data(1008) + "not that word", true, false}));
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
  EXPECT_EQ(endings(), json({"Ada 1006 "}));
}

TEST_F(ConnectionActor, ThatFailsIsClosedAndNotBegunAnew) {
  auto client = speaker("Ada");
  client->send_text("fail");
  EXPECT_EQ(client->read_close(), 1011);
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
  EXPECT_EQ(endings(), json::array());
}

TEST_F(ConnectionActor, ThatFailsOnAMessageOfAnotherActorTakesNoOtherConnectionAlong) {
  auto client = speaker("Ada");
  EXPECT_EQ(http_client{port()}.post_text("/announce", "fail", "text/plain").status, 204);
  EXPECT_EQ(client->read_close(), 1011);
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
  speaker("Grace")->send_close(1000);
  EXPECT_TRUE(eventually([&] { return endings() == json({"Grace 1000 "}); })) << endings();
}

TEST_F(ConnectionActor, ThatStopsItselfClosesItsSocket) {
  auto client = speaker("Ada");
  client->send_text("stop");
  EXPECT_EQ(client->read().data, "stop");
  EXPECT_EQ(client->read_close(), 1000);
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
}

TEST_F(ConnectionActor, NeedsToHandleMessagesOnly) {
  websocket_client client{port(), "/listener"};
  EXPECT_EQ(client.answer().status, 101);
  client.send_text("four");
  EXPECT_TRUE(eventually([&] { return get(port(), "/counts").json()["produced"] == 4; }));
  client.send_close(1000);
  EXPECT_EQ(client.read_close(), 1000);
  EXPECT_TRUE(eventually([&] { return actors() == 0; }));
}

TEST_F(ConnectionActor, ThatHangsHoldsUpNoStop) {
  auto client = speaker("Ada");
  client->send_text("hang");
  client->send_text("never handled");
  EXPECT_EQ(actors(), 1);
  gateway_.signal(SIGTERM);
  EXPECT_EQ(client->read_close(), 1001);
  client->send_close(1001);
  EXPECT_TRUE(client->connection().closed_by_server());
  EXPECT_TRUE(gateway_.wait());
}

} // namespace
} // namespace troupe::test
