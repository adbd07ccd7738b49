// What the gateway refuses, with which status, and that the answer explains itself (RFC 9457).
#include "tests/e2e/http_fixture.hpp"
#include "tests/support/problem.hpp"

namespace troupe::test {
namespace {

class HttpRefusals : public with_gateway {};

struct broken {
  const char* why;
  std::string bytes;
};

const std::string get_line = "GET / HTTP/1.1\r\nHost: x\r\n";
const std::string post_line = "POST /echo HTTP/1.1\r\nHost: x\r\n";

TEST_F(HttpRefusals, BrokenRequestsGet400AndTheConnectionIsClosed) {
  const std::vector<broken> table{
      {"a TLS greeting",
       std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11} + "\r\n\r\n"},
      {"no target", "GET\r\n\r\n"},
      {"no version", "GET /\r\n\r\n"},
      {"a version that is none", "GET / HTTX/1.1\r\nHost: x\r\n\r\n"},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a control character in the target", "GET /a\x01 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", get_line + "Host: y\r\n\r\n"},
      {"a Host that is none", "GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n"},
      {"a space before the colon", get_line + "X : y\r\n\r\n"},
      {"a field without a colon", get_line + "X\r\n\r\n"},
      {"a field without a name", get_line + ": y\r\n\r\n"},
      {"a NUL in a field", get_line + std::string{"X: a\0b\r\n\r\n", 10}},
      {"a lone CR in a field", get_line + "X: a\rb\r\n\r\n"},
      {"both lengths",
       post_line + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"two lengths", post_line + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
      {"a list of lengths", post_line + "Content-Length: 3, 4\r\n\r\nabcd"},
      {"a length that is no number", post_line + "Content-Length: abc\r\n\r\n"},
      {"a negative length", post_line + "Content-Length: -1\r\n\r\n"},
      {"a length with a sign", post_line + "Content-Length: +3\r\n\r\nabc"},
      {"a length beyond all numbers",
       post_line + "Content-Length: 99999999999999999999999\r\n\r\n"},
      {"a chunk size that is none", post_line + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
      {"a chunk longer than its size",
       post_line + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"},
  };
  for (const auto& each : table) {
    auto connection = connect();
    try {
      EXPECT_TRUE(is_problem(connection.exchange(each.bytes), 400)) << each.why;
      EXPECT_TRUE(connection.closed_by_server()) << each.why;
    } catch (const connection_error& problem) {
      ADD_FAILURE() << each.why << ": " << problem.what();
    }
  }
}

TEST_F(HttpRefusals, ABrokenHeadRequestGetsNoBody) {
  for (const auto& [request, status] :
       {std::pair{"HEAD / HTTP/1.1\r\n\r\n", 400},
        std::pair{"HEAD / HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n", 417}}) {
    auto connection = connect();
    connection.send(request);
    EXPECT_EQ(connection.read(true).status, status);
    EXPECT_TRUE(connection.closed_by_server()) << "bytes behind the head of the answer";
  }
}

TEST_F(HttpRefusals, BadPercentEncodingAndPathsAboveTheRootGet400) {
  auto http = client();
  for (const char* target : {"/users/%zz", "/users/%1", "/counters/%", "/sleep?ms=%zz",
                             "/counters/%00%", "/no-such-path/%zz", "/../etc/passwd"})
    EXPECT_TRUE(is_problem(http.get(target), 400)) << target;
}

TEST_F(HttpRefusals, UnknownTransferCodingsGet501AndThoseWithoutAnEnd400) {
  for (const auto& [coding, status] : {std::pair{"gzip, chunked", 501}, std::pair{"gzip", 400},
                                       std::pair{"identity", 400}, std::pair{"chunked, gzip", 400}})
    EXPECT_TRUE(is_problem(
        connect().exchange(post_line + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n"),
        status))
        << coding;
}

TEST_F(HttpRefusals, UnknownPathsGet404AndTheConnectionGoesOn) {
  auto connection = connect();
  for (const char* target : {"/no-such-path", "/users/1/2", "/tasks/", "//"})
    EXPECT_TRUE(is_problem(connection.exchange(get_bytes(target)), 404)) << target;
  EXPECT_EQ(connection.exchange(get_bytes("/")).status, 200);
}

TEST_F(HttpRefusals, KnownPathsWithAnotherMethodGet405WithAllow) {
  auto allow_of = [](const char* method, const char* target) {
    auto response = client().send({method, target, std::string{"x"}, {}});
    EXPECT_TRUE(is_problem(response, 405)) << method << ' ' << target;
    return response.header("Allow").value_or("");
  };
  EXPECT_EQ(allow_of("DELETE", "/"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(allow_of("PATCH", "/users"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(allow_of("POST", "/users/1"), "GET, HEAD, PUT, DELETE, OPTIONS");
  EXPECT_EQ(allow_of("PUT", "/echo"), "POST, OPTIONS");
  EXPECT_TRUE(is_problem(client().get("/echo"), 405));
}

TEST_F(HttpRefusals, OptionsAnswersWithAllow) {
  auto response = client().send({"OPTIONS", "/users", {}, {}});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.header("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(client().send({"OPTIONS", "*", {}, {}}).status, 204);
  EXPECT_TRUE(is_problem(client().send({"OPTIONS", "/no-such-path", {}, {}}), 404));
}

TEST_F(HttpRefusals, UnknownMethodsGet501) {
  for (const char* method : {"BREW", "get", "PROPFIND", "X-Y"}) {
    auto response = client().send({method, "/", {}, {}});
    EXPECT_TRUE(is_problem(response, 501)) << method;
  }
}

TEST_F(HttpRefusals, ABodyWithoutLengthGets411WhereOneIsNeeded) {
  auto connection = connect();
  EXPECT_TRUE(is_problem(connection.exchange(post_line + "\r\n"), 411));
  EXPECT_EQ(connection.exchange(get_bytes("/")).status, 200);
}

TEST_F(HttpRefusals, OtherVersionsOfHttpGet505) {
  EXPECT_TRUE(is_problem(connect().exchange("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505));
  EXPECT_TRUE(is_problem(connect().exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505));
}

TEST_F(HttpRefusals, OtherExpectationsGet417) {
  EXPECT_TRUE(is_problem(connect().exchange(get_line + "Expect: magic\r\n\r\n"), 417));
}

TEST_F(HttpRefusals, ARefusalToHeadHasNoBody) {
  auto connection = connect();
  EXPECT_EQ(connection.exchange(to_bytes({"HEAD", "/no-such-path", {}, {}}), true).status, 404);
  EXPECT_EQ(connection.exchange(get_bytes("/")).body, "Hello, async world!");
}

TEST_F(HttpRefusals, ADetailSaysWhatIsWrongAndTheRequestIsLogged) {
  auto problem = client().get("/sleep?ms=soon").json();
  auto detail = problem["detail"].get<std::string>();
  EXPECT_NE(detail.find("ms"), std::string::npos) << detail;
  EXPECT_NE(detail.find("soon"), std::string::npos) << detail;
  auto line = node().wait_for_request(problem["request_id"].get<std::string>(), "access");
  ASSERT_TRUE(line) << node().log_text();
  EXPECT_EQ((*line)["status"], 400);
}

} // namespace
} // namespace troupe::test
