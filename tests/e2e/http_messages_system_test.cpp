// HTTP/1.1 as RFC 9112 wants it, byte by byte over raw sockets: what is accepted.
#include "tests/e2e/http_fixture.hpp"

#include <regex>

namespace troupe::test {
namespace {

class HttpMessages : public with_gateway {};

TEST_F(HttpMessages, AConnectionServesManyRequests) {
  auto connection = connect();
  for (int i = 0; i < 20; ++i) {
    auto body = "number " + std::to_string(i);
    auto response = connection.exchange(echo(body));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.version, "HTTP/1.1");
    EXPECT_EQ(response.body, body);
    EXPECT_NE(response.header("Connection"), "close");
  }
  EXPECT_TRUE(connection.quiet());
}

TEST_F(HttpMessages, EveryAnswerCarriesDateServerAndLengthOnce) {
  const std::regex imf_date{
      "(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d\\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
      "\\d{4} \\d\\d:\\d\\d:\\d\\d GMT"};
  for (const char* target : {"/", "/users", "/no-such-path"}) {
    auto response = client().get(target);
    EXPECT_EQ(response.count("Date"), 1);
    EXPECT_TRUE(std::regex_match(response.header("Date").value_or(""), imf_date)) << response;
    EXPECT_EQ(response.count("Server"), 1);
    EXPECT_EQ(response.count("Content-Length"), 1);
    EXPECT_EQ(response.header("Content-Length"), std::to_string(response.body.size()));
  }
}

TEST_F(HttpMessages, HeadAnswersAsGetDoesWithoutTheBody) {
  auto connection = connect();
  for (const char* target : {"/", "/no-such-path", "/sleep?ms=0"}) {
    auto head = connection.exchange(to_bytes({"HEAD", target, {}, {}}), true);
    auto get = connection.exchange(get_bytes(target));
    EXPECT_EQ(head.status, get.status) << target;
    EXPECT_EQ(head.header("Content-Type"), get.header("Content-Type")) << target;
    if (std::string{target} == "/") {
      EXPECT_EQ(head.header("Content-Length"), std::to_string(get.body.size()));
    }
  }
}

TEST_F(HttpMessages, AChunkedBodyIsPutTogether) {
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  auto connection = connect();
  EXPECT_EQ(connection.exchange(head + "3\r\nabc\r\n0a\r\ndefghijklm\r\n0\r\n\r\n").body,
            "abcdefghijklm");
  EXPECT_EQ(connection.exchange(head + "1;name=\"value\"\r\nx\r\n0\r\nTrailer: 1\r\n\r\n").body,
            "x");
  auto empty = connection.exchange(head + "0\r\n\r\n");
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.body, "");
  EXPECT_EQ(connection.exchange(get_bytes("/")).status, 200) << "the connection must be in step";
}

TEST_F(HttpMessages, AMillionBytesInManyChunksArriveUnchanged) {
  std::string body;
  std::string bytes = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 1000; ++i) {
    std::string chunk(1000, static_cast<char>('a' + i % 26));
    body += chunk;
    bytes += "3e8\r\n" + chunk + "\r\n";
  }
  auto response = connect().exchange(bytes + "0\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body == body);
}

TEST_F(HttpMessages, ConnectionCloseIsAnsweredAndDone) {
  auto connection = connect();
  auto response = connection.exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Connection"), "close");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_F(HttpMessages, AnHttp10RequestIsAnsweredAndTheConnectionClosed) {
  auto connection = connect();
  auto response = connection.exchange("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "Hello, async world!");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_F(HttpMessages, AnHttp10ClientMayKeepTheConnection) {
  auto connection = connect();
  for (int i = 0; i < 2; ++i) {
    auto response = connection.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.header("Connection"), "keep-alive");
  }
}

TEST_F(HttpMessages, ABodyMayWaitForTheServersContinue) {
  auto connection = connect();
  auto interim = connection.exchange(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(interim.status, 100);
  auto response = connection.exchange("body");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "body");
}

TEST_F(HttpMessages, ABodyBehindAPipelinedRequestIsAskedForToo) {
  auto connection = connect();
  auto first = connection.exchange(
      get_bytes("/sleep?ms=50")
      + "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(first.json()["requested_ms"], 50);
  EXPECT_EQ(connection.read().status, 100);
  EXPECT_EQ(connection.exchange("body").body, "body");
}

TEST_F(HttpMessages, ARefusedBodyIsNotAskedFor) {
  auto connection = connect();
  auto response = connection.exchange("POST /echo HTTP/1.1\r\nHost: x\r\n"
                                      "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(response.status, 413);
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_F(HttpMessages, ARequestMayArriveByteByByte) {
  auto connection = connect();
  for (int i = 0; i < 2; ++i) {
    connection.send_byte_by_byte(echo("slowly"));
    EXPECT_EQ(connection.read().body, "slowly");
    connection.send_byte_by_byte("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                                 "\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
    EXPECT_EQ(connection.read().body, "abc");
  }
}

TEST_F(HttpMessages, FieldNamesAndSchemesDoNotDependOnCase) {
  auto connection = connect();
  auto response = connection.exchange("POST /echo HTTP/1.1\r\nhOST: x\r\ncontent-LENGTH: 2\r\n"
                                      "CONTENT-type: text/x\r\n\r\nok");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Content-Type"), "text/x");
}

TEST_F(HttpMessages, AnEmptyLineBeforeARequestIsPassedOver) {
  EXPECT_EQ(connect().exchange("\r\n" + get_bytes("/")).status, 200);
}

TEST_F(HttpMessages, ATargetMayBeAbsolute) {
  EXPECT_EQ(connect().exchange("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
}

TEST_F(HttpMessages, AQueryMayBeEncoded) {
  EXPECT_EQ(client().get("/sleep?%6ds=%30").status, 200);
  EXPECT_EQ(client().get("/sleep?other=1&ms=0").status, 200);
}

TEST_F(HttpMessages, AClientThatStopsSendingStillGetsItsAnswer) {
  auto connection = connect();
  connection.send(get_bytes("/sleep?ms=20"));
  connection.shut_down_sending();
  EXPECT_EQ(connection.read().status, 200);
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_F(HttpMessages, AClientThatLeavesDoesNotDisturbOthers) {
  for (int i = 0; i < 20; ++i) {
    auto leaving = connect();
    leaving.send(get_bytes("/sleep?ms=5") + "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Le");
  }
  EXPECT_EQ(client().get("/").status, 200);
}

} // namespace
} // namespace troupe::test
