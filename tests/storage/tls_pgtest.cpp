// PostgreSQL behind TLS, as the URL asks for it.
#include "actors/combine.hpp"
#include "tests/storage/rows_fixture.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using namespace std::chrono_literals;

class tls_pgtest : public ::testing::Test {
protected:
  tls_pgtest() { cluster_.use_tls(authority_.issue({"server", {"IP:127.0.0.1"}})); }

  config::storage_settings settings(const std::string& parameters) const {
    config::storage_settings out;
    out.url = cluster_.url() + '?' + parameters;
    out.max_connections = 2;
    out.acquire_timeout = 60s;
    return out;
  }

  /// With a pool that trusts the server.
  template <class F>
  void run(F work) {
    const auto pool = spawn_database(bench_.loop(), settings("sslmode=verify-full&sslrootcert=" + authority_.file()));
    bench_.run_on(bench_.spawn_runner(bench_.own(pool)), std::move(work));
  }

  troupe::test::temp_directory folder_;
  troupe::test::certificate_authority authority_{folder_, "authority"};
  troupe::test::postgres_cluster cluster_;
  troupe::test::loop_bench bench_;
};

/// Some results fit into a record of TLS, some take several.
task<> read_texts(context& ctx, int64_t caller) {
  for (int64_t i = 0; i < 60; ++i) {
    const auto size = (caller * 7919 + i * 1021) % 50'000;
    const auto found = co_await ctx.db().one("SELECT repeat('x', CAST($1 AS INT)) AS t, CAST($2 AS BIGINT) AS n", size, i);
    EXPECT_EQ(found.get<std::string>("t"), std::string(static_cast<std::size_t>(size), 'x'));
    EXPECT_EQ(found.get<int64_t>("n"), i);
  }
}

TEST_F(tls_pgtest, quick_statements_are_answered_whatever_their_size) {
  run([](context& ctx) -> task<> {
    EXPECT_TRUE((co_await ctx.db().one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).get<bool>("ssl"));
    std::vector<task<>> all;
    for (int64_t i = 0; i < 20; ++i)
      all.push_back(read_texts(ctx, i));
    co_await join_all(std::move(all));
  });
}

TEST_F(tls_pgtest, many_rows_are_copied_out) {
  run([](context& ctx) -> task<> {
    auto out = ctx.db().copy_out("SELECT repeat('x', 99) FROM generate_series(1, 100000)");
    std::size_t size = 0;
    while (const auto piece = co_await out.next())
      size += piece->size();
    EXPECT_EQ(size, 10'000'000u);
  });
}

TEST_F(tls_pgtest, a_server_with_a_certificate_of_another_authority_is_refused) {
  const troupe::test::certificate_authority other{folder_, "other"};
  try {
    (void)connect(settings("sslmode=verify-full&sslrootcert=" + other.file()));
    ADD_FAILURE() << "connected";
  } catch (const statement_error& e) {
    EXPECT_EQ(e.code(), errc::unavailable);
    EXPECT_NE(e.internal().find("certificate verify failed"), std::string::npos) << e.internal();
  }
}

TEST_F(tls_pgtest, a_server_without_tls_is_refused_where_it_must_have_it) {
  const troupe::test::postgres_cluster plain;
  auto with = settings("sslmode=require");
  with.url = plain.url() + "?sslmode=require";
  try {
    (void)connect(with);
    ADD_FAILURE() << "connected";
  } catch (const statement_error& e) {
    EXPECT_EQ(e.code(), errc::unavailable);
    EXPECT_NE(e.internal().find("does not support SSL"), std::string::npos) << e.internal();
  }
}

} // namespace
} // namespace troupe::storage::test
