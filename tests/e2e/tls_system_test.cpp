// HTTP over TLS is HTTP: the same answers, limits and end. And what is added: HSTS, the way from
// HTTP, certificates that are made at the start.
#include "tests/e2e/tls_fixture.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/problem.hpp"

#include <csignal>

namespace troupe::test {
namespace {

class Tls : public with_certificates {};

/// What curl prints and how it ends.
finished curl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--silent", "--show-error", "--max-time", "30"});
  return run_to_end({"curl", std::move(arguments), {}, {}});
}

std::string url(const char* scheme, std::uint16_t port, const char* target) {
  return std::string{scheme} + "://127.0.0.1:" + std::to_string(port) + target;
}

TEST_F(Tls, CurlIsServedWhenItBelievesTheAuthority) {
  const gateway node{https()};
  const auto to = "a.example:443:127.0.0.1:" + std::to_string(node.http_port());
  const auto result =
    curl({"--cacert", authority.file(), "--connect-to", to, "https://a.example/"});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  EXPECT_EQ(result.out, "Hello, async world!\n");
  EXPECT_EQ(curl({url("https", node.http_port(), "/")}).status, (exit_status{60, 0})); // unknown
}

TEST_F(Tls, AConnectionIsKeptAndMayBePipelined) {
  const gateway node{https()};
  auto connection = connect(node);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(connection.exchange(echo(std::to_string(i))).body, std::to_string(i));
  std::string bytes;
  for (int i = 0; i < 50; ++i)
    bytes += echo("number " + std::to_string(i));
  connection.send(bytes);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(connection.read().body, "number " + std::to_string(i));
}

TEST_F(Tls, LargeBodiesArriveUnchangedInBothDirections) {
  const gateway node{https({"--http-max-body-bytes", "64MiB"})};
  std::string body(20'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>('a' + i * i % 23);
  auto connection = connect(node);
  for (int i = 0; i < 2; ++i) {
    const auto answer = connection.exchange(echo(body));
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body == body);
  }
}

TEST_F(Tls, ARequestMayComeByteByByte) {
  const gateway node{https()};
  auto connection = connect(node);
  connection.send_byte_by_byte(echo("slowly"));
  EXPECT_EQ(connection.read().body, "slowly");
}

TEST_F(Tls, AClientThatTakesNoAnswersIsGivenUp) {
  const gateway node{https({"--http-write-timeout", "150ms"})};
  auto connection = connect(node);
  const auto request = echo(std::string(500'000, 'x'));
  try {
    for (int i = 0; i < 1000; ++i)
      connection.send(request);
    FAIL() << "the gateway has taken 500 MB whose answers nobody reads";
  } catch (const connection_error& problem) {
    EXPECT_TRUE(std::string{problem.what()}.starts_with("send: ")) << problem.what();
  }
  EXPECT_EQ(client(node).get("/").status, 200);
}

TEST_F(Tls, AClientThatReadsLateGetsAllAnswers) {
  const gateway node{https()};
  auto connection = connect(node);
  const std::string body(400'000, 'y');
  std::string requests;
  for (int i = 0; i < 5; ++i)
    requests += echo(body);
  connection.send(requests);
  EXPECT_EQ(client(node).get("/sleep?ms=300").status, 200); // meanwhile the answers pile up
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(connection.read().body == body);
}

TEST_F(Tls, AClientThatSendsNothingMoreStillGetsItsAnswers) {
  const gateway node{https()};
  auto connection = connect(node);
  connection.send(get_bytes("/sleep?ms=100") + echo("last"));
  connection.shut_down_sending();
  EXPECT_EQ(connection.read().status, 200);
  EXPECT_EQ(connection.read().body, "last");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_F(Tls, LimitsAreThoseOfHttp) {
  const gateway node{https({"--http-max-body-bytes", "1000", "--http-head-timeout", "150ms"})};
  EXPECT_TRUE(is_problem(connect(node).exchange(echo(std::string(1001, 'x'))), 413));
  auto slow = connect(node);
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(is_problem(slow.read(), 408));
  EXPECT_TRUE(slow.closed_by_server());
}

TEST_F(Tls, TooManyConnectionsAreClosedBeforeTheHandshake) {
  const gateway node{https({"--http-max-connections", "1", "--threads", "1"})};
  auto first = std::make_unique<http_connection>(connect(node));
  EXPECT_EQ(first->exchange(get_bytes("/")).status, 200);
  EXPECT_NE(refusal(node.http_port(), careful()), "");
  first.reset();
  EXPECT_TRUE(eventually([&] { return refusal(node.http_port(), careful()).empty(); }));
}

TEST_F(Tls, HandlersSeeHttpsUnlessATrustedProxySaysOtherwise) {
  auto options = https({"--http-trusted-proxies", "127.0.0.1"});
  options.program = "runtime-node";
  const gateway node{options};
  EXPECT_EQ(client(node).get("/origin").json()["scheme"], "https");
  EXPECT_EQ(client(node).send({"GET", "/origin", {}, {{"X-Forwarded-For", "203.0.113.7"},
                                                      {"X-Forwarded-Proto", "http"}}})
              .json()["scheme"],
            "http");
}

TEST_F(Tls, AbsoluteTargetsAreOfHttps) {
  const gateway node{https()};
  auto connection = connect(node);
  EXPECT_EQ(connection.exchange("GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n").status,
            200);
  EXPECT_TRUE(is_problem(
    connection.exchange("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400));
}

TEST_F(Tls, TheProxyHeaderComesBeforeTheHandshake) {
  auto options = https({"--http-proxy-protocol", "v1", "--http-trusted-proxies", "127.0.0.1"});
  options.program = "runtime-node";
  const gateway node{options};
  auto tls = careful();
  tls.before = "PROXY TCP4 203.0.113.7 127.0.0.1 12345 443\r\n";
  const auto seen = http_connection{node.http_port(), tls}.exchange(get_bytes("/origin")).json();
  EXPECT_EQ(seen["client"], "203.0.113.7");
  EXPECT_EQ(seen["scheme"], "https");
  EXPECT_NE(refusal(node.http_port(), careful()), "") << "without the header";
}

TEST_F(Tls, TheAdminAddressStaysPlain) {
  const gateway node{https()};
  EXPECT_EQ(get(node.admin_port(), "/healthz").status, 200);
}

TEST_F(Tls, ANodeThatStopsAnswersWhatIsInFlight) {
  gateway node{https()};
  auto busy = connect(node);
  busy.send(get_bytes("/sleep?ms=400"));
  auto idle = connect(node);
  EXPECT_EQ(idle.exchange(get_bytes("/")).status, 200);
  ASSERT_TRUE(eventually([&] { return outstanding(node) == 1; }));
  node.signal(SIGTERM);
  const auto answer = busy.read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["requested_ms"], 400);
  EXPECT_TRUE(busy.closed_by_server());
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_EQ(node.wait(), exit_status{}) << node.log_text();
}

// -- HSTS and the way from HTTP -----------------------------------------------------------------------

TEST_F(Tls, BrowsersAreToldToStayWithHttpsWithEveryAnswer) {
  const gateway node{https({"--tls-hsts-max-age", "8760h"})};
  auto connection = connect(node);
  for (const char* target : {"/", "/no-such-path"})
    EXPECT_EQ(connection.exchange(get_bytes(target)).header("Strict-Transport-Security"),
              "max-age=31536000");
  EXPECT_EQ(connection.exchange("nonsense\r\n\r\n").header("Strict-Transport-Security"),
            "max-age=31536000");
  EXPECT_EQ(get(node.admin_port(), "/healthz").header("Strict-Transport-Security"), std::nullopt);
}

TEST_F(Tls, BrowsersAreToldNothingUnlessItIsSet) {
  const gateway node{https()};
  EXPECT_EQ(client(node).get("/").header("Strict-Transport-Security"), std::nullopt);
}

std::uint16_t redirect_port(const gateway& node) {
  const auto line = node.wait_for_message("redirect to https listening on .*:\\d+");
  const auto text = line.value_or(nlohmann::json{{"message", ":0"}})["message"].get<std::string>();
  return static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
}

TEST_F(Tls, PlainHttpIsLedToHttps) {
  gateway node{https({"--tls-redirect-from", "127.0.0.1:0", "--tls-hsts-max-age", "1h"})};
  const auto port = redirect_port(node);
  http_connection plain{port};
  const auto https_port = ":" + std::to_string(node.http_port());
  const auto answer = plain.exchange("POST /x?y=1 HTTP/1.1\r\nHost: a.example:80\r\n"
                                     "Content-Length: 3\r\n\r\nabc");
  EXPECT_EQ(answer.status, 308);
  EXPECT_EQ(answer.header("Location"), "https://a.example" + https_port + "/x?y=1");
  EXPECT_EQ(answer.header("Strict-Transport-Security"), std::nullopt) << "browsers must ignore it";
  EXPECT_EQ(plain.exchange(get_bytes("/")).status, 308) << "the connection goes on";
  EXPECT_TRUE(is_problem(http_connection{port}.exchange("GET / HTTP/1.0\r\n\r\n"), 400));
  EXPECT_TRUE(is_problem(plain.exchange("nonsense\r\n\r\n"), 400));
  const auto followed = curl({"--location", "--insecure", url("http", port, "/")});
  EXPECT_EQ(followed.out, "Hello, async world!\n") << followed.err;
  EXPECT_EQ(node.stop(), exit_status{});
}

// -- certificates that are made at the start ----------------------------------------------------------

TEST_F(Tls, ACertificateForDevelopmentIsMadeAtTheStart) {
  const gateway node{with_flags({"--tls-self-signed"})};
  const auto told = node.wait_for_message(".*for development only.*SHA-256 fingerprint is .*");
  ASSERT_TRUE(told);
  EXPECT_EQ((*told)["level"], "warn");
  const auto shown = run_to_end({"sh",
                                 {"-c", "openssl s_client -connect 127.0.0.1:"
                                          + std::to_string(node.http_port())
                                          + " </dev/null 2>/dev/null | openssl x509 -noout "
                                            "-fingerprint -sha256"},
                                 {},
                                 {}});
  const auto fingerprint = shown.out.substr(shown.out.find('=') + 1, 32 * 3 - 1);
  EXPECT_EQ(fingerprint.size(), 32U * 3 - 1) << shown.out;
  EXPECT_NE((*told)["message"].get<std::string>().find(fingerprint), std::string::npos);
  EXPECT_EQ(curl({"--insecure", url("https", node.http_port(), "/")}).out, "Hello, async world!\n");
  EXPECT_NE(curl({url("https", node.http_port(), "/")}).status, exit_status{});
}

} // namespace
} // namespace troupe::test
