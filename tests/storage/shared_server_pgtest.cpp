// A pool that shares what the server allows with those of other nodes.
#include "actors/messages/cluster_size.hpp"
#include "tests/storage/pool_fixture.hpp"
#include "tests/support/eventually.hpp"

#include <caf/send.hpp>

namespace troupe::storage::test {
namespace {

class shared_server_pgtest : public on_a_pool {
protected:
  static void tell(pool_client& of, std::size_t nodes) { caf::anon_send(of.database(), cluster_size{nodes}); }

  static sql_lease acquire(pool_client& from) { return from.ask(sql_acquire{}).as<sql_lease>(); }

  static pool_statistics look(pool_client& at) {
    return at.ask(pool_statistics_request{}).as<pool_statistics>();
  }
};

TEST_F(shared_server_pgtest, opens_its_share_of_the_connections_of_all_nodes) {
  auto settings = with(10);
  settings.cluster_connections = 6;
  pool_client client{settings};
  tell(client, 3);
  const auto one = acquire(client), two = acquire(client);
  client.send(sql_acquire{});
  auto now = look(client);
  EXPECT_EQ(now.in_use, 2u);
  EXPECT_EQ(now.waiting, 1u);
  tell(client, 2); // one node less: three for each
  const auto three = client.next().as<sql_lease>();

  tell(client, 100); // one for each at least
  client.release(one);
  client.release(two);
  EXPECT_TRUE(troupe::test::eventually([&] {
    tell(client, 100);
    tell(client, 99); // each time it looks what it has too much
    now = look(client);
    return now.in_use == 1 && now.idle == 0;
  }));
  client.release(three);
  EXPECT_EQ(client.ask(statement("SELECT 1")).as<sql_result>().row_count(), 1u);
}

TEST_F(shared_server_pgtest, leaves_a_tenth_of_what_the_server_allows_to_others) {
  pool_client client{with(1000)};
  const auto one = acquire(client); // the server has told by now
  client.release(one);
  const auto allowed = client.ask(statement("SELECT CAST(current_setting('max_connections') AS BIGINT) - "
                                            "CAST(current_setting('superuser_reserved_connections') AS BIGINT)"))
                           .as<sql_result>();
  const auto share = static_cast<std::size_t>(std::get<std::int64_t>(allowed.cells.at(0))) * 9 / 10;
  tell(client, share / 2); // two for each
  const auto first = acquire(client), second = acquire(client);
  client.send(sql_acquire{});
  EXPECT_EQ(look(client).waiting, 1u);
  client.release(first);
  EXPECT_TRUE(std::holds_alternative<sql_lease>(client.next().value));
}

} // namespace
} // namespace troupe::storage::test
