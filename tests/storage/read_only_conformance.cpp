// Pools that are only read: what reads is as in others, what changes something is refused.
#include "tests/storage/pool_fixture.hpp"

namespace troupe::storage::test {
namespace {

using std::int64_t;

class read_only_pools : public on_a_pool {
protected:
  read_only_pools() {
    main_->execute({"CREATE TABLE kept (v BIGINT)", {}});
    main_->execute({"INSERT INTO kept (v) VALUES (7)", {}});
  }

  [[nodiscard]] config::storage_settings read_only() const {
    auto out = with(1);
    out.read_only = true;
    return out;
  }

  [[nodiscard]] int64_t rows() const {
    return std::get<int64_t>(main_->execute({"SELECT count(*) FROM kept", {}}).cells.at(0));
  }

  std::unique_ptr<connection> main_ = connect(database_->settings());
};

/// What changes something though its first word is no other than that of reads.
sql_statement insert_behind_with() {
  return statement("WITH x(v) AS (SELECT 1) INSERT INTO kept (v) SELECT v FROM x");
}

TEST_F(read_only_pools, read) {
  pool_client client{read_only()};
  EXPECT_EQ(client.ask(statement("SELECT v FROM kept")).as<sql_result>().cells.at(0), sql_value{int64_t{7}});
  EXPECT_EQ(client.ask(echo(3)).as<sql_result>().cells.at(0), sql_value{int64_t{3}});
  main_->execute({"INSERT INTO kept (v) VALUES (8)", {}});
  EXPECT_EQ(client.ask(statement("SELECT max(v) FROM kept")).as<sql_result>().cells.at(0), sql_value{int64_t{8}});
}

TEST_F(read_only_pools, refuse_what_changes_something) {
  pool_client client{read_only()};
  for (const auto* sql : {"INSERT INTO kept (v) VALUES (1)", "UPDATE kept SET v = 1", "DELETE FROM kept",
                          "CREATE TABLE other (v BIGINT)", "DROP TABLE kept", "ALTER TABLE kept ADD COLUMN w BIGINT",
                          "/* a comment */ delete FROM kept"}) {
    const auto refused = client.ask(statement(sql)).as<failure>();
    EXPECT_EQ(refused.code, errc::internal) << sql;
    EXPECT_EQ(refused.detail, "the database is read only") << sql;
  }
  EXPECT_EQ(client.ask(insert_behind_with()).as<failure>().code, errc::internal);
  EXPECT_EQ(rows(), 1);
}

TEST_F(read_only_pools, have_transactions_that_read_and_change_nothing) {
  pool_client client{read_only()};
  for (const auto* begin : {"BEGIN", "BEGIN READ ONLY"}) {
    const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
    static_cast<void>(client.ask(lease, statement(begin)).as<sql_result>());
    EXPECT_EQ(client.ask(lease, statement("SELECT v FROM kept")).as<sql_result>().cells.at(0), sql_value{int64_t{7}});
    EXPECT_EQ(client.ask(lease, statement("INSERT INTO kept (v) VALUES (1)")).as<failure>().code, errc::internal)
      << begin;
    static_cast<void>(client.ask(lease, statement("ROLLBACK")));
    client.release(lease);
  }
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(client.ask(echo(3)).as<sql_result>().cells.at(0), sql_value{int64_t{3}});
}

TEST_F(read_only_pools, are_read_beside_a_transaction_that_writes) {
  main_->execute({"BEGIN", {}});
  main_->execute({"INSERT INTO kept (v) VALUES (8)", {}});
  pool_client client{read_only()};
  const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
  static_cast<void>(client.ask(lease, statement("BEGIN")).as<sql_result>());
  EXPECT_EQ(client.ask(lease, statement("SELECT max(v) FROM kept")).as<sql_result>().cells.at(0), sql_value{int64_t{7}});
  client.release(lease);
  main_->execute({"COMMIT", {}});
}

TEST_F(read_only_pools, end_statements_that_take_too_long) {
  auto settings = read_only();
  settings.query_timeout = std::chrono::milliseconds{50};
  pool_client client{settings};
  EXPECT_EQ(client.ask(statement(database_->endless())).as<failure>().code, errc::deadline_exceeded);
}

TEST_F(read_only_pools, have_sessions_that_refuse_to_write_by_themselves) {
  const auto session = connect(read_only());
  EXPECT_EQ(code_of([&] { session->execute(statement("INSERT INTO kept (v) VALUES (1)")); }), errc::internal);
  EXPECT_EQ(code_of([&] { session->execute(insert_behind_with()); }), errc::internal);
  EXPECT_TRUE(session->healthy());
  EXPECT_EQ(rows(), 1);
}

} // namespace
} // namespace troupe::storage::test
