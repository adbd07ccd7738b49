// Reads whose results are shared.
#include "tests/storage/pool_fixture.hpp"
#include "tests/support/eventually.hpp"

#include <set>

namespace troupe::storage::test {
namespace {

using std::int64_t;

class shared_reads : public on_a_pool {
protected:
  /// Another number each time that it is carried out.
  static sql_statement random_number(int64_t argument = 0) {
    auto out = statement("SELECT random(), CAST($1 AS BIGINT)", argument);
    out.shared = true;
    return out;
  }

  static std::string number_of(const reply& answer) {
    const auto result = answer.as<sql_result>();
    if (result.cells.empty())
      return "none";
    const auto* real = std::get_if<double>(&result.cells[0]);
    return real != nullptr ? std::to_string(*real) : std::to_string(std::get<int64_t>(result.cells[0]));
  }

  static bool eventually_waiting(pool_client& client, std::size_t count) {
    return troupe::test::eventually([&] {
      return client.ask(pool_statistics_request{}).as<pool_statistics>().waiting == count;
    });
  }
};

TEST_F(shared_reads, are_carried_out_once_for_all_who_ask_meanwhile) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  std::set<std::uint64_t> asked;
  for (int i = 0; i < 20; ++i)
    asked.insert(client.send(random_number()));
  EXPECT_TRUE(eventually_waiting(client, 1));
  client.release(lease);
  std::set<std::string> numbers;
  for (int i = 0; i < 20; ++i) {
    const auto answer = client.next();
    EXPECT_EQ(asked.erase(answer.call), 1u);
    numbers.insert(number_of(answer));
  }
  EXPECT_EQ(numbers.size(), 1u);
  numbers.insert(number_of(client.ask(random_number())));
  EXPECT_EQ(numbers.size(), 2u) << "who asks later gets a result of his own";
}

TEST_F(shared_reads, are_the_same_only_with_the_same_arguments) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  client.send(random_number(1));
  client.send(random_number(2));
  auto unshared = random_number(1);
  unshared.shared = false;
  client.send(unshared);
  EXPECT_TRUE(eventually_waiting(client, 3));
  client.release(lease);
  std::set<std::string> numbers;
  for (int i = 0; i < 3; ++i)
    numbers.insert(number_of(client.next()));
  EXPECT_EQ(numbers.size(), 3u);
}

TEST_F(shared_reads, that_somebody_still_waits_for_are_carried_out) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  const auto leaves = client.send(random_number());
  const auto stays = client.send(random_number());
  client.abandon(leaves);
  EXPECT_TRUE(eventually_waiting(client, 1));
  client.release(lease);
  EXPECT_EQ(client.next().call, stays);
}

TEST_F(shared_reads, that_nobody_waits_for_are_taken_out) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  const auto one = client.send(random_number());
  const auto other = client.send(random_number());
  client.abandon(one);
  client.abandon(other);
  EXPECT_TRUE(eventually_waiting(client, 0));
  const auto later = client.send(random_number()); // of those before it gets nothing
  client.release(lease);
  EXPECT_EQ(client.next().call, later);
}

TEST_F(shared_reads, fail_for_all_who_wait) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  auto wrong = statement("SELECT * FROM no_such_table");
  wrong.shared = true;
  client.send(wrong);
  client.send(wrong);
  client.release(lease);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(client.next().as<failure>().code, errc::internal);
}

TEST_F(shared_reads, are_no_writes) {
  connect(database_->settings())->execute({"CREATE TABLE list (v BIGINT)", {}});
  pool_client client{with(1)};
  auto write = statement("INSERT INTO list (v) VALUES (1)");
  write.shared = true;
  EXPECT_EQ(client.ask(write).as<failure>().code, errc::internal);
  EXPECT_EQ(client.ask(statement("SELECT count(*) FROM list")).as<sql_result>().cells.at(0),
            sql_value{int64_t{0}});
}

TEST_F(shared_reads, are_reads_like_all_others_where_the_setting_says_so) {
  auto settings = with(1);
  settings.share_reads = false;
  pool_client client{settings};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  client.send(random_number());
  client.send(random_number());
  EXPECT_TRUE(eventually_waiting(client, 2));
  client.release(lease);
  const auto one = number_of(client.next());
  EXPECT_NE(number_of(client.next()), one);
}

TEST_F(shared_reads, are_refused_with_the_rest_at_the_end) {
  pool_client client{with(1)};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  client.send(random_number());
  client.send(random_number());
  EXPECT_TRUE(eventually_waiting(client, 1));
  client.begin_stop();
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(client.next().as<failure>().code, errc::unavailable);
  client.release(lease);
}

} // namespace
} // namespace troupe::storage::test
