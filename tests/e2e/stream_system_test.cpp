// Bodies that come and go as streams, answered by the gateway itself and by a worker node.
#include "tests/e2e/stream_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/problem.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace troupe::test {
namespace {

/// The same bytes as stream_node.cpp makes and expects.
std::string body_of(std::size_t size) {
  std::string out(size, '\0');
  for (std::uint64_t at = 0; at < size; ++at)
    out[at] = static_cast<char>('a' + (at * 2654435761U >> 7) % 26);
  return out;
}

std::string chunked(const std::string& target, const std::string& body, std::size_t chunk) {
  auto out = "POST " + target + " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += chunk) {
    const auto piece = body.substr(at, chunk);
    std::array<char, 17> size{};
    std::snprintf(size.data(), size.size(), "%zx", piece.size());
    out.append(size.data()).append("\r\n").append(piece).append("\r\n");
  }
  return out + "0\r\n\r\n";
}

std::string post(const std::string& target, const std::string& body) {
  return to_bytes({"POST", target, body, {}});
}

std::string get_bytes(const std::string& target) {
  return to_bytes({"GET", target, {}, {}});
}

class Streams : public with_streams {
protected:
  void SetUp() override { start({}); }

  [[nodiscard]] http_connection connect() const { return http_connection{port()}; }
};

INSTANTIATE_TEST_SUITE_P(Nodes, Streams, testing::Values(where::here, where::on_worker), name_of);

// -- requests ---------------------------------------------------------------------------------------

TEST_P(Streams, HandlersTakeBodiesAsTheyCome) {
  auto connection = connect();
  for (const std::size_t size : {0U, 1U, 65'536U, 65'537U, 3'000'000U}) {
    const auto body = body_of(size);
    const auto right = std::to_string(size) + " right";
    EXPECT_EQ(connection.exchange(post("/upload", body)).body, right);
    EXPECT_EQ(connection.exchange(chunked("/upload", body, 100'000)).body, right);
  }
  EXPECT_EQ(connection.exchange(chunked("/upload", body_of(2'000), 1)).body, "2000 right");
}

TEST_P(Streams, ABodyThatComesByteByByteIsTheSame) {
  auto connection = connect();
  connection.send_byte_by_byte(post("/upload", body_of(100)) + chunked("/upload", body_of(50), 7));
  EXPECT_EQ(connection.read().body, "100 right");
  EXPECT_EQ(connection.read().body, "50 right");
}

TEST_P(Streams, RequestsBehindAStreamedBodyAreReadInTheirTurn) {
  auto connection = connect();
  connection.send(post("/upload", body_of(200'000)) + get_bytes("/download?bytes=300000")
                  + post("/upload", body_of(10)) + get_bytes("/download?bytes=5&sized=true"));
  EXPECT_EQ(connection.read().body, "200000 right");
  EXPECT_EQ(connection.read().body, body_of(300'000));
  EXPECT_EQ(connection.read().body, "10 right");
  EXPECT_EQ(connection.read().body, body_of(5));
}

TEST_P(Streams, RoutesHaveLimitsOfTheirOwn) {
  const auto two_mib = 2 * 1024 * 1024;
  EXPECT_EQ(connect().exchange(post("/whole", std::string(two_mib, 'x'))).body,
            std::to_string(two_mib));
  for (const auto& request :
       {post("/whole", std::string(two_mib + 1, 'x')), post("/small", "01234567890"),
        chunked("/small", "01234567890", 3), post("/default-limit", body_of(1024 * 1024 + 1)),
        chunked("/default-limit", body_of(1024 * 1024 + 1), 65'536)}) {
    auto connection = connect();
    const auto answer = connection.exchange(request);
    EXPECT_TRUE(is_problem(answer, 413)) << request.substr(0, 100);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(connection.closed_by_server());
  }
  EXPECT_EQ(connect().exchange(chunked("/small", "0123456789", 3)).body, "10");
  EXPECT_TRUE(eventually([&] { return count("takers") == 0; }));
}

TEST_P(Streams, AnAnswerBeforeTheEndOfTheBodyEndsTheConnection) {
  auto connection = connect();
  connection.send("POST /refuse HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nbegun");
  const auto answer = connection.read();
  EXPECT_TRUE(is_problem(answer, 403));
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_P(Streams, AClientThatWaitsIsAskedForItsBody) {
  auto connection = connect();
  connection.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n"
                  "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.read().status, 100);
  EXPECT_EQ(connection.exchange(body_of(5)).body, "5 right");
}

TEST_P(Streams, AClientIsNotAskedForABodyThatIsTooLarge) {
  EXPECT_TRUE(is_problem(connect().exchange("POST /small HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n"
                                            "Expect: 100-continue\r\n\r\n"),
                         413));
}

TEST_P(Streams, AMalformedBodyIsRefusedAndItsHandlerDestroyed) {
  auto connection = connect();
  connection.send("POST /stall HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
  EXPECT_TRUE(eventually([&] { return count("takers") == 1; }));
  connection.send("no size\r\n");
  EXPECT_TRUE(is_problem(connection.read(), 400));
  EXPECT_TRUE(connection.closed_by_server());
  EXPECT_TRUE(eventually([&] { return count("takers") == 0; }));
}

TEST_P(Streams, AClientThatLeavesInTheMiddleHasItsHandlerDestroyed) {
  auto connection = connect();
  connection.send("POST /stall HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nbegun");
  EXPECT_TRUE(eventually([&] { return count("takers") == 1; }));
  connection.shut_down_sending();
  EXPECT_TRUE(eventually([&] { return count("takers") == 0; }));
}

TEST_P(Streams, AHandlerThatTakesNothingHoldsUpTheClientUntilItsTimeIsOver) {
  start({"--http-handler-timeout", "300ms"});
  auto connection = connect();
  // More than gateway, worker and sockets keep: it is answered before it has sent all.
  EXPECT_TRUE(is_problem(connection.exchange(post("/stall", std::string(48U << 20, 'x'))), 504));
  EXPECT_TRUE(eventually([&] { return count("takers") == 0; }));
}

TEST_P(Streams, ABodyThatTakesLongerThanAHandlerMayIsNoReasonToGiveUp) {
  start({"--http-handler-timeout", "200ms"});
  auto connection = connect();
  connection.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n");
  const auto begun = std::chrono::steady_clock::now();
  const auto body = body_of(3);
  connection.send(body.substr(0, 1));
  // As long as others are answered 504, this one's handler is not late: the client is.
  EXPECT_TRUE(is_problem(connect().exchange(post("/stall", "x")), 504));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds{200});
  connection.send(body.substr(1));
  EXPECT_EQ(connection.read().body, "3 right");
}

TEST_P(Streams, AClientThatSendsTooSlowlyIsGivenUp) {
  start({"--http-body-timeout", "100ms", "--http-min-transfer-rate", "0"});
  auto connection = connect();
  connection.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\na");
  EXPECT_TRUE(is_problem(connection.read(), 408));
  EXPECT_TRUE(connection.closed_by_server());
  EXPECT_TRUE(eventually([&] { return count("takers") == 0; }));
}

// -- responses --------------------------------------------------------------------------------------

TEST_P(Streams, HandlersWriteBodiesPieceByPiece) {
  auto connection = connect();
  for (const std::size_t size : {0U, 1U, 65'536U, 3'000'000U})
    for (const auto* step : {"&step=65536", "&step=1000000"}) {
      const auto target = "/download?bytes=" + std::to_string(size) + step;
      const auto by_chunks = connection.exchange(get_bytes(target));
      EXPECT_EQ(by_chunks.header("Transfer-Encoding"), "chunked");
      EXPECT_TRUE(by_chunks.body == body_of(size));
      const auto sized = connection.exchange(get_bytes(target + "&sized=true"));
      EXPECT_EQ(sized.header("Content-Length"), std::to_string(size));
      EXPECT_TRUE(sized.body == body_of(size));
    }
}

TEST_P(Streams, HeadHasTheFieldsAndRunsNothing) {
  auto connection = connect();
  const auto produced = count("produced");
  const auto head = [&](const std::string& target) {
    return connection.exchange(to_bytes({"HEAD", target, {}, {}}), true);
  };
  EXPECT_EQ(head("/download?bytes=1000").header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(head("/download?bytes=1000&sized=true").header("Content-Length"), "1000");
  EXPECT_EQ(count("produced"), produced);
}

TEST_P(Streams, AnOldClientGetsTheBodyUntilTheEndOfTheConnection) {
  auto connection = connect();
  const auto answer =
    connection.exchange("GET /download?bytes=200000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.header("Transfer-Encoding"), std::nullopt);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(answer.body == body_of(200'000));
}

TEST_P(Streams, NothingIsWrittenBehindABodyThatEndsWithTheConnection) {
  auto connection = connect();
  connection.send("GET /download?bytes=10 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                  + get_bytes("/late?ms=1"));
  EXPECT_EQ(connection.read().body, body_of(10));
}

TEST_P(Streams, ABodyMayGoBackWhileItComes) {
  const auto body = body_of(2'000'000);
  EXPECT_TRUE(connect().exchange(chunked("/echo", body, 50'000)).body == body);
}

TEST_P(Streams, AnAnswerMayGoOnLongAfterItsRequestsBodyHasEnded) {
  start({"--http-handler-timeout", "100ms"});
  auto connection = connect();
  connection.send(chunked("/echo-slowly?for=400", "begun", 5));
  EXPECT_EQ(connection.read().body, "begun ... ended");
  EXPECT_EQ(connection.exchange(get_bytes("/counts")).status, 200);
}

TEST_P(Streams, ACutBodyIsNoWholeOneForAnOldClientEither) {
  auto connection = connect();
  connection.send("GET /failing?how=throw HTTP/1.0\r\n\r\n");
  EXPECT_EQ(connection.read(true).header("Connection"), "close");
  EXPECT_TRUE(connection.was_reset());
}

TEST_P(Streams, AClientThatHasLeftBeforeItsEventsBeginStopsThem) {
  auto connection = connect();
  connection.send(get_bytes("/ticks?delay=100"));
  connection.shut_down_sending();
  EXPECT_TRUE(connection.closed_by_server());
  EXPECT_TRUE(eventually([&] { return count("producers") == 0; }));
}

TEST_P(Streams, AClientThatWaitsBehindAnotherRequestIsAskedForItsBodyToo) {
  auto connection = connect();
  connection.send(get_bytes("/ticks?count=2&period=20")
                  + "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n"
                    "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.read().status, 200);
  EXPECT_EQ(connection.read().status, 100);
  EXPECT_EQ(connection.exchange(body_of(5)).body, "5 right");
}

TEST_P(Streams, AMalformedRestBehindAnAnswerThatHasBegunEndsTheConnectionOnly) {
  auto connection = connect();
  connection.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
  EXPECT_EQ(connection.read(true).status, 200);
  connection.send("no size\r\n");
  EXPECT_THROW(
    {
      for (;;)
        connection.read_bytes(1);
    },
    connection_error);
  EXPECT_EQ(connect().exchange(get_bytes("/counts")).status, 200);
}

TEST_P(Streams, ABodyThatIsCutCostsNoAnswerBeforeIt) {
  auto connection = connect();
  connection.send(get_bytes("/late?ms=100") + get_bytes("/download?bytes=3000000")
                  + get_bytes("/failing?how=throw") + get_bytes("/late?ms=1"));
  EXPECT_EQ(connection.read().body, "late");
  EXPECT_TRUE(connection.read().body == body_of(3'000'000));
  EXPECT_EQ(connection.read(true).status, 200);
  EXPECT_EQ(connection.read_bytes(10), "5\r\nbegun\r\n");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_P(Streams, AnUploadThatIsCutCostsNoAnswerBeforeIt) {
  auto connection = connect();
  connection.send(get_bytes("/late?ms=100")
                  + "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n" + body_of(5));
  connection.shut_down_sending();
  EXPECT_EQ(connection.read().body, "late");
  EXPECT_TRUE(connection.closed_by_server());
  EXPECT_TRUE(eventually([&] { return count("takers") == 0; }));
}

TEST_P(Streams, AClientThatResetsBeforeItsAnswerHarmsNothing) {
  for (int i = 0; i < 20; ++i) {
    auto connection = connect();
    connection.send("GET /download?bytes=100000 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    connection.reset();
  }
  EXPECT_EQ(connect().exchange(get_bytes("/counts")).status, 200);
}

TEST_P(Streams, AProducerThatFailsCutsTheConnectionAndIsLogged) {
  for (const auto* how : {"at-once", "throw", "long", "short"}) {
    auto connection = connect();
    connection.send(get_bytes(std::string{"/failing?how="} + how));
    EXPECT_THROW(connection.read(), connection_error) << how;
  }
  const auto& answered_by = worker_ ? static_cast<node&>(*worker_) : *gateway_;
  for (const auto* why : {"no body today", "in the middle", "more was written of the body .*",
                          "of the body 5 bytes were written, and 10 were promised"})
    EXPECT_TRUE(answered_by.wait_for_message("streams: GET /failing failed: " + std::string{why}));
}

TEST_P(Streams, AClientThatDoesNotReadStopsTheProducer) {
  start({"--http-write-timeout", "300ms", "--http-min-transfer-rate", "0"});
  auto connection = connect();
  connection.send(get_bytes("/download?bytes=1000000000&checked=false"));
  EXPECT_TRUE(eventually([&] { return count("producers") == 1; }));
  EXPECT_TRUE(eventually([&] { return count("producers") == 0; }));
  EXPECT_LT(count("produced"), 64 * 1024 * 1024); // most of it in the sockets
}

TEST_P(Streams, AClientThatLeavesStopsTheProducer) {
  auto connection = connect();
  connection.send(get_bytes("/ticks"));
  EXPECT_EQ(connection.read(true).header("Content-Type"), "text/event-stream");
  EXPECT_TRUE(eventually([&] { return count("producers") == 1; }));
  connection.reset();
  EXPECT_TRUE(eventually([&] { return count("producers") == 0; }));
}

TEST_P(Streams, EventsGoOutAsTheyAreSent) {
  auto connection = connect();
  connection.send(get_bytes("/ticks?count=2&period=1"));
  const auto answer = connection.read();
  EXPECT_EQ(answer.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(answer.header("Cache-Control"), "no-cache");
  EXPECT_EQ(answer.body, "event: tick\nid: 0\ndata: tick\ndata: 0\n\n"
                         "event: tick\nid: 1\ndata: tick\ndata: 1\n\n");
}

TEST_P(Streams, TheEndOfTheNodeWaitsForAStreamAndClosesBehindIt) {
  auto connection = connect();
  connection.send(get_bytes("/ticks?count=20&period=10"));
  EXPECT_EQ(connection.read(true).status, 200);
  gateway_->signal(SIGTERM);
  std::string rest;
  while (!rest.ends_with("\r\n0\r\n\r\n"))
    rest += connection.read_bytes(1);
  EXPECT_NE(rest.find("data: 19"), std::string::npos);
  EXPECT_TRUE(connection.closed_by_server());
  EXPECT_TRUE(gateway_->wait());
}

TEST(LostWorker, CutsTheStreamsThatItAnswers) {
  gateway front{stream_node({"--no-local-workers"})};
  worker one{front, "one", stream_node()};
  ASSERT_TRUE(one.joined());
  http_connection down{front.http_port()}, up{front.http_port()};
  down.send(get_bytes("/ticks"));
  EXPECT_EQ(down.read(true).status, 200);
  up.send("POST /stall HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nbegun");
  EXPECT_TRUE(eventually([&] { return get(front.http_port(), "/counts").json()["takers"] == 1; }));
  one.kill();
  EXPECT_TRUE(is_problem(up.read(), 502));
  EXPECT_THROW(
    {
      for (;;)
        down.read_bytes(1);
    },
    connection_error);
}

TEST(LostGateway, HasItsHandlersDestroyedOnTheWorker) {
  auto front = std::make_unique<gateway>(stream_node({"--no-local-workers"}));
  gateway other{stream_node({"--no-local-workers"})};
  worker one{front->cluster_address(), "one", stream_node({"--join", other.cluster_address()})};
  const auto takers = [&] { return get(other.http_port(), "/counts").json()["takers"]; };
  ASSERT_TRUE(eventually([&] { return get(other.http_port(), "/counts").status == 200; }));
  ASSERT_TRUE(eventually([&] { return get(front->http_port(), "/counts").status == 200; }));
  http_connection up{front->http_port()};
  up.send("POST /stall HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nbegun");
  EXPECT_TRUE(eventually([&] { return takers() == 1; }));
  front->kill();
  EXPECT_TRUE(eventually([&] { return takers() == 0; }));
}

} // namespace
} // namespace troupe::test
