// Far more callers than a pool has connections.
#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/figure.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::storage::test {
namespace {

using namespace std::chrono_literals;

TEST(exhaustion_pgtest, refuses_whoever_waits_longer_than_the_acquire_timeout_then_and_serves_the_others) {
  const auto database = make_test_database();
  auto settings = database->settings();
  settings.max_connections = 5;
  settings.acquire_timeout = 2s;
  pool_client client{settings};
  (void)client.ask(statement("SELECT 1")).as<sql_result>();
  constexpr int callers = 1000;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < callers; ++i)
    client.send(statement("SELECT pg_sleep(1)"));
  std::chrono::nanoseconds first = 1h, last = 0s;
  int served = 0, refused = 0;
  for (int i = 0; i < callers; ++i) {
    const auto answer = client.next();
    if (std::holds_alternative<sql_result>(answer.value)) {
      ++served;
      continue;
    }
    const auto after = std::chrono::steady_clock::now() - begun;
    first = std::min<std::chrono::nanoseconds>(first, after);
    last = std::max<std::chrono::nanoseconds>(last, after);
    EXPECT_EQ(answer.as<failure>().code, errc::unavailable);
    ++refused;
  }
  EXPECT_GE(served, 10) << "five in each of the two seconds";
  EXPECT_EQ(served + refused, callers);
  EXPECT_GE(first, settings.acquire_timeout);
  troupe::test::figure("served", served);
  troupe::test::figure("refused, the first after ms", first / 1ms);
  troupe::test::figure("... and the last after ms", last / 1ms);
  EXPECT_EQ(client.ask(statement("SELECT 2")).as<sql_result>().row_count(), 1u);
}

} // namespace
} // namespace troupe::storage::test
