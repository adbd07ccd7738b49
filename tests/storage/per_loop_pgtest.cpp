// A database with a pool for each event loop of its node (storage.per_loop).
#include "actors/messages/cluster_size.hpp"
#include "tests/storage/pool_fixture.hpp"
#include "tests/support/eventually.hpp"

#include <caf/send.hpp>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace troupe::storage::test {
namespace {

using sizes = std::vector<std::size_t>;

class per_loop_pgtest : public on_a_pool {
protected:
  [[nodiscard]] config::storage_settings per_loop(unsigned max_connections) const {
    auto out = with(max_connections);
    out.per_loop = true;
    return out;
  }

  static database_figures figures_of(pool_client& client, const caf::actor& pool) {
    const auto found = client.ask(pool, database_figures_query{}).as<std::shared_ptr<database_figures>>();
    return found ? *found : database_figures{};
  }

  /// Of each pool, how many it may open.
  static sizes connections(pool_client& client) {
    sizes out;
    for (const auto& each : client.databases())
      out.push_back(figures_of(client, each).max_connections);
    return out;
  }

  static void tell(pool_client& client, std::size_t nodes) {
    for (const auto& each : client.databases())
      caf::anon_send(each, cluster_size{nodes});
  }
};

TEST_F(per_loop_pgtest, gives_each_loop_its_share_of_the_connections) {
  pool_client client{per_loop(8), 3};
  EXPECT_EQ(connections(client), (sizes{3, 3, 2}));
}

TEST_F(per_loop_pgtest, leaves_no_pool_with_less_than_two_where_there_are_more) {
  pool_client five{per_loop(5), 4};
  EXPECT_EQ(connections(five), (sizes{3, 2}));
  pool_client one{per_loop(1), 4};
  EXPECT_EQ(connections(one), (sizes{1}));
}

TEST_F(per_loop_pgtest, keeps_open_as_many_as_all_are_told_to) {
  auto settings = per_loop(5);
  settings.min_connections = 3;
  pool_client client{settings, 2};
  EXPECT_TRUE(troupe::test::eventually([&] {
    return figures_of(client, client.databases()[0]).idle == 2 && figures_of(client, client.databases()[1]).idle == 1;
  }));
}

TEST_F(per_loop_pgtest, shares_what_the_node_may_have_of_the_connections_of_all_nodes) {
  auto settings = per_loop(20);
  settings.cluster_connections = 14;
  pool_client client{settings, 2};
  EXPECT_EQ(connections(client), (sizes{7, 7}));
  tell(client, 2);
  EXPECT_EQ(connections(client), (sizes{4, 3}));
  tell(client, 100);
  EXPECT_EQ(connections(client), (sizes{1, 1})) << "no loop is left without";
}

TEST_F(per_loop_pgtest, counts_statements_of_all_pools_together) {
  pool_client client{per_loop(4), 2};
  for (const auto& each : client.databases())
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(client.ask(each, echo(i)).as<sql_result>().cells.at(0), sql_value{std::int64_t{i}});
  for (const auto& each : client.databases())
    EXPECT_TRUE(troupe::test::eventually([&] { // they are answered first, and counted then
      const auto found = figures_of(client, each).statements;
      return found.size() == 1 && found[0].count == 6;
    }));
}

/// What is logged meanwhile.
class log_capture {
public:
  log_capture() {
    spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("captured", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
  }
  log_capture(const log_capture&) = delete;
  log_capture& operator=(const log_capture&) = delete;
  ~log_capture() { spdlog::set_default_logger(before_); }

  /// REQUIRES: nobody logs any more.
  [[nodiscard]] std::size_t count(const std::string& what) const {
    const auto all = text_.str();
    std::size_t out = 0;
    for (auto at = all.find(what); at != std::string::npos; at = all.find(what, at + 1))
      ++out;
    return out;
  }
  [[nodiscard]] std::string text() const { return text_.str(); }

private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(per_loop_pgtest, has_one_limit_for_the_warnings_of_all_pools) {
  auto settings = database_->unreachable();
  settings.per_loop = true;
  settings.max_connections = 8;
  settings.acquire_timeout = std::chrono::milliseconds{300};
  const log_capture log;
  const auto begun = std::chrono::steady_clock::now();
  {
    pool_client client{settings, 4};
    for (const auto& each : client.databases())
      client.send_to(each, echo(1));
    for (std::size_t i = 0; i < client.databases().size(); ++i)
      EXPECT_EQ(client.next().as<failure>().code, errc::unavailable);
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
  EXPECT_GE(log.count("cannot connect"), 1u) << log.text();
  EXPECT_LE(log.count("[warning]"), 1u + static_cast<std::size_t>(seconds.count())) << log.text();
}

} // namespace
} // namespace troupe::storage::test
