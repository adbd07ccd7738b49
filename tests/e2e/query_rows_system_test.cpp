// Results that go to clients row by row, and bodies that come as rows.
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/postgres_database.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace troupe::test {
namespace {

/// On each database a node with one connection: one that is not given back is noticed by the next request.
class QueryRows : public testing::TestWithParam<const char*> {
protected:
  void SetUp() override {
    std::vector<std::string> flags{"--storage-max-connections", "1"};
    if (on_postgres()) {
      if (!postgres_server())
        GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
      database_.emplace();
      flags.insert(flags.end(), {"--storage", database_->url()});
    }
    node_ = std::make_unique<gateway>(node_options{"query-node", flags, {}});
  }

  [[nodiscard]] static bool on_postgres() { return std::string{GetParam()} == "Postgres"; }
  [[nodiscard]] std::uint16_t port() const { return node_->http_port(); }

  [[nodiscard]] static std::string lines(long long count, int step = 1000) {
    return "/lines?count=" + std::to_string(count) + "&step=" + std::to_string(step)
           + (on_postgres() ? "" : "&recursive=true");
  }

  [[nodiscard]] static std::string csv(long long count) {
    return "/lines.csv?count=" + std::to_string(count) + (on_postgres() ? "" : "&recursive=true");
  }

  [[nodiscard]] bool connection_is_free() const {
    return eventually([&] { return get(node_->admin_port(), "/_troupe/database").json()["in_use"] == 0; });
  }

  std::optional<postgres_database> database_;
  std::unique_ptr<gateway> node_;
};

INSTANTIATE_TEST_SUITE_P(Databases, QueryRows, testing::Values("Sqlite", "Postgres"),
                         [](const auto& info) { return std::string{info.param}; });

TEST_P(QueryRows, GoToTheClientAsLinesEachOnce) {
  for (const int step : {1000, 7}) {
    const auto answer = get(port(), lines(2'500, step));
    EXPECT_EQ(answer.status, 200);
    std::string expected;
    for (int i = 1; i <= 2'500; ++i)
      expected += R"({"i":)" + std::to_string(i) + R"(,"name":"row )" + std::to_string(i) + "\"}\n";
    EXPECT_TRUE(answer.body == expected) << answer.body.substr(0, 200);
  }
  EXPECT_EQ(get(port(), lines(0)).body, "");
  EXPECT_EQ(get(port(), "/quick").status, 200);
}

TEST_P(QueryRows, GoToTheClientAsTheDatabaseWritesThem) {
  const auto answer = get(port(), csv(25'000));
  EXPECT_EQ(answer.status, 200);
  std::string expected = "i,name\n";
  for (int i = 1; i <= 25'000; ++i)
    expected += std::to_string(i) + ",row " + std::to_string(i) + '\n';
  EXPECT_TRUE(answer.body == expected) << answer.body.substr(0, 200);
  EXPECT_EQ(get(port(), csv(0)).body, "i,name\n");
  EXPECT_EQ(get(port(), "/quick").status, 200);
}

TEST_P(QueryRows, OfAClientThatLeavesHalfWayEndAndGiveTheConnectionBack) {
  for (const auto& path : {lines(1'000'000'000), csv(1'000'000'000)})
    for (const std::size_t bytes : {0U, 1U, 100'000U}) {
      http_connection client{port()};
      client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
      EXPECT_EQ(client.read(true).status, 200);
      static_cast<void>(client.read_bytes(bytes));
      client.reset();
      EXPECT_TRUE(connection_is_free());
      EXPECT_EQ(get(port(), "/quick").json(), nlohmann::json::parse(R"([{"one":1}])"));
    }
}

TEST_P(QueryRows, ThatFailCutTheConnection) {
  for (const auto& path : {lines(1'000'000), csv(1'000'000)}) {
    http_connection client{port()};
    client.send("GET " + path + "&fails_at=50000 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THROW(client.read(), connection_error);
    EXPECT_TRUE(connection_is_free());
  }
}

TEST_P(QueryRows, ComeAsTheLinesOfABody) {
  std::string body;
  for (int i = 0; i < 100'000; ++i)
    body += "line\t" + std::to_string(i) + '\n';
  EXPECT_EQ(http_client{port()}.post_text("/lines", body, "text/plain").json()["rows"], 100'000);
  EXPECT_EQ(get(port(), "/stored-lines").json(),
            nlohmann::json::parse(R"({"n":100000,"different":100000,"last":"line\t99999"})"));
}

TEST_P(QueryRows, OfABodyThatIsCutHalfWayAreNotKept) {
  http_connection client{port()};
  client.send("POST /lines HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n");
  std::string body;
  for (int i = 0; i < 100'000; ++i)
    body += "line\n";
  client.send(body);
  EXPECT_TRUE(eventually([&] {
    const auto figures = get(node_->admin_port(), "/_troupe/database").json();
    return figures.dump().find("COPY") != std::string::npos;
  }));
  client.reset();
  EXPECT_TRUE(connection_is_free());
  EXPECT_EQ(get(port(), "/stored-lines").json()["n"], 0);
}

} // namespace
} // namespace troupe::test
