// What only PostgreSQL does.
#include "storage/migrations.hpp"
#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/temp_directory.hpp"

#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;
using namespace std::chrono_literals;
using troupe::test::eventually;

class postgres_connection_pgtest : public ::testing::Test {
protected:
  sql_value value(const string& sql) { return connection_->execute({sql, {}}).cells.at(0); }

  std::unique_ptr<test_database> database_ = make_test_database();
  std::unique_ptr<connection> connection_ = connect(database_->settings());
};

TEST_F(postgres_connection_pgtest, reads_its_own_types) {
  EXPECT_EQ(value("SELECT 7::smallint"), sql_value{int64_t{7}});
  EXPECT_EQ(value("SELECT 1.5::real"), sql_value{1.5});
  EXPECT_EQ(value("SELECT '{\"b\": 1, \"a\": 2}'::jsonb"), sql_value{json_text{"{\"a\": 2, \"b\": 1}"}});
  EXPECT_EQ(value("SELECT '2026-01-31 12:00:00+02'::timestamptz"),
            sql_value{timestamp{"2026-01-31T10:00:00Z"}});
  EXPECT_EQ(value("SELECT '12:00:00+02'::timetz"), sql_value{timestamp{"12:00:00+02"}});
  EXPECT_EQ(value("SELECT 'infinity'::timestamp"), sql_value{timestamp{"infinity"}});
  EXPECT_EQ(value("SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"),
            sql_value{string{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}});
  EXPECT_EQ(value("SELECT ARRAY[1, 2]"), (sql_value{sql_array{{int64_t{1}, int64_t{2}}}}));
  EXPECT_EQ(value("SELECT interval '1 day'"), sql_value{string{"1 day"}});
  EXPECT_EQ(value("SELECT 'NaN'::numeric"), sql_value{numeric{"NaN"}});
  EXPECT_TRUE(std::isnan(std::get<double>(value("SELECT 'NaN'::float8"))));
}

TEST_F(postgres_connection_pgtest, says_so_when_a_failed_transaction_is_committed) {
  connection_->run_script("CREATE TABLE t (v INTEGER PRIMARY KEY)");
  connection_->execute({"BEGIN", {}});
  connection_->execute({"INSERT INTO t VALUES (1)", {}});
  EXPECT_EQ(code_of([&] { connection_->execute({"INSERT INTO t VALUES (1)", {}}); }), errc::conflict);
  EXPECT_EQ(code_of([&] { connection_->execute({"COMMIT", {}}); }), errc::conflict);
  EXPECT_FALSE(connection_->in_transaction());
  EXPECT_EQ(value("SELECT count(*) FROM t"), sql_value{int64_t{0}});
}

TEST_F(postgres_connection_pgtest, prepares_again_what_the_server_has_forgotten) {
  EXPECT_EQ(value("SELECT 1"), sql_value{int64_t{1}});
  connection_->run_script("DEALLOCATE ALL");
  EXPECT_EQ(value("SELECT 1"), sql_value{int64_t{1}});
  connection_->execute({"BEGIN", {}});
  connection_->run_script("DEALLOCATE ALL");
  EXPECT_EQ(code_of([&] { value("SELECT 1"); }), errc::unavailable);
  connection_->reset();
  EXPECT_EQ(value("SELECT 1"), sql_value{int64_t{1}});
}

TEST_F(postgres_connection_pgtest, notices_that_a_column_has_changed_its_type) {
  connection_->run_script("CREATE TABLE t (v INTEGER)");
  auto insert = [&] { return connection_->execute({"INSERT INTO t VALUES ($1)", {int64_t{1} << 40}}); };
  EXPECT_EQ(code_of(insert), errc::unprocessable);
  EXPECT_EQ(code_of(insert), errc::unprocessable);
  connection_->run_script("ALTER TABLE t ALTER v TYPE BIGINT");
  EXPECT_EQ(insert().affected_rows, 1);
  EXPECT_EQ(insert().affected_rows, 1);
  EXPECT_EQ(value("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT%'"),
            sql_value{int64_t{1}});
}

TEST_F(postgres_connection_pgtest, runs_no_procedure_again_that_has_committed_some_of_its_work) {
  connection_->run_script("CREATE TABLE t (v INTEGER);"
                          "CREATE PROCEDURE work() LANGUAGE plpgsql AS $$BEGIN INSERT INTO t VALUES (1); COMMIT; "
                          "RAISE EXCEPTION 'not supported' USING ERRCODE = '0A000'; END$$");
  for (int64_t run = 1; run <= 3; ++run) { // known from the second time on
    EXPECT_EQ(code_of([&] { connection_->execute({"CALL work()", {}}); }), errc::internal);
    EXPECT_EQ(value("SELECT count(*) FROM t"), sql_value{run});
  }
}

TEST_F(postgres_connection_pgtest, gets_its_settings_back) {
  const auto setting = [&](const string& name) { return value("SELECT current_setting('" + name + "')"); };
  const auto zone = setting("TimeZone");
  const auto timeout = setting("statement_timeout");
  connection_->execute({"BEGIN", {}});
  connection_->execute({"SET TIME ZONE 'Asia/Tokyo'", {}});
  connection_->execute({"SET statement_timeout = 1234567", {}});
  connection_->execute({"SET ROLE pg_monitor", {}});
  EXPECT_TRUE(connection_->altered());
  connection_->restore_settings();
  connection_->execute({"COMMIT", {}});
  EXPECT_FALSE(connection_->altered());
  EXPECT_EQ(setting("TimeZone"), zone);
  EXPECT_EQ(setting("statement_timeout"), timeout);
  EXPECT_EQ(value("SELECT current_user = session_user"), sql_value{true});
}

TEST_F(postgres_connection_pgtest, that_was_set_otherwise_in_a_transaction_is_for_nobody_else) {
  auto settings = database_->settings();
  settings.max_connections = settings.min_connections = 1;
  pool_client client{settings};
  const auto pid = [&] { return client.ask(statement("SELECT pg_backend_pid()")).as<sql_result>().cells.at(0); };
  const auto before = pid();
  const auto path = value("SELECT current_setting('search_path')");
  const auto in_transaction = [&](const string& sql) {
    const auto lease = client.ask(sql_acquire{}).as<sql_lease>();
    for (const auto& each : {string{"BEGIN"}, sql, string{"COMMIT"}})
      (void)client.ask(lease, statement(each)).as<sql_result>();
    client.release(lease);
  };
  in_transaction("SET LOCAL search_path = a");
  EXPECT_EQ(pid(), before);
  in_transaction("SET search_path = a");
  EXPECT_NE(pid(), before) << "its settings would be others'";
  EXPECT_EQ(client.ask(statement("SET search_path = a")).as<failure>().code, errc::internal);
  EXPECT_EQ(client.ask(statement("SELECT current_setting('search_path')")).as<sql_result>().cells.at(0), path);
}

TEST_F(postgres_connection_pgtest, applies_migrations_that_set_something_for_their_session) {
  const troupe::test::temp_directory folder;
  const auto schema = std::get<string>(value("SELECT current_schema()"));
  const auto other = schema + "_other";
  folder.write("001_dump.sql", "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE " + schema + ".a (v INTEGER);");
  folder.write("002_b.sql", "SET TIME ZONE 'Asia/Tokyo'; CREATE SCHEMA " + other + "; SET search_path = " + other
                              + "; CREATE TABLE b (v INTEGER);");
  folder.write("003_c.sql", "CREATE TABLE c (v INTEGER);");
  EXPECT_EQ(migrate(database_->settings(), folder.path()).applied.size(), 3u);
  EXPECT_EQ(value("SELECT count(*) FROM " + schema + ".a, " + other + ".b, " + schema + ".c"), sql_value{int64_t{0}});
  EXPECT_EQ(migrate(database_->settings(), folder.path()).known, 3u);
}

TEST_F(postgres_connection_pgtest, refuses_copy_and_stays_usable) {
  connection_->run_script("CREATE TABLE t (v TEXT)");
  EXPECT_EQ(code_of([&] { connection_->execute({"COPY t FROM STDIN", {}}); }), errc::internal);
  EXPECT_EQ(code_of([&] { connection_->run_script("COPY t FROM STDIN"); }), errc::deadline_exceeded);
  connection_->run_script("COPY t TO STDOUT; SELECT 1");
  EXPECT_EQ(value("SELECT count(*) FROM t"), sql_value{int64_t{0}});
}

TEST_F(postgres_connection_pgtest, sees_that_the_server_has_closed_it_before_it_is_used) {
  const auto pid = value("SELECT pg_backend_pid()");
  const auto other = connect(database_->settings());
  EXPECT_TRUE(connection_->healthy());
  other->execute({"SELECT pg_terminate_backend($1)", {pid}});
  EXPECT_TRUE(eventually([&] { return !connection_->healthy(); }));
  EXPECT_EQ(code_of([&] { value("SELECT 1"); }), errc::unavailable);
}

TEST_F(postgres_connection_pgtest, knows_that_nothing_was_committed_on_a_session_that_was_closed_before) {
  const auto other = connect(database_->settings());
  connection_->execute({"BEGIN", {}});
  connection_->execute({"COMMIT", {}}); // it is prepared from here on
  connection_->execute({"BEGIN", {}});
  const auto pid = value("SELECT pg_backend_pid()");
  other->execute({"SELECT pg_terminate_backend($1)", {pid}});
  const auto process = static_cast<pid_t>(std::get<int64_t>(pid));
  ASSERT_TRUE(eventually([&] { return ::kill(process, 0) != 0 && errno == ESRCH; }));
  EXPECT_EQ(code_of([&] { connection_->execute({"COMMIT", {}}); }), errc::unavailable);
}

TEST_F(postgres_connection_pgtest, gives_up_connecting_in_time) {
  const troupe::test::loopback_listener silent{1};
  auto settings = database_->settings();
  settings.url = "postgresql://nobody@127.0.0.1:" + std::to_string(silent.port) + "/none?sslmode=disable";
  settings.connect_timeout = 50ms;
  EXPECT_EQ(code_of([&] { (void)connect(settings); }), errc::unavailable);
}

TEST_F(postgres_connection_pgtest, loses_only_the_statement_whose_backend_is_terminated) {
  auto settings = database_->settings();
  settings.max_connections = 2;
  pool_client client{settings};
  connection_->execute({"SELECT pg_advisory_lock(1)", {}});
  client.send(statement("SELECT pg_advisory_lock(1)"));
  ASSERT_TRUE(eventually([&] {
    return value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
           == sql_value{int64_t{1}};
  }));
  value("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  const auto refusal = client.next().as<failure>();
  EXPECT_EQ(refusal.code, errc::outcome_unknown) << "a SELECT may change something, too";
  EXPECT_EQ(refusal.detail, "the database was lost under the statement: whether it took effect is not known");
  for (int i = 0; i < 10; ++i)
    (void)client.ask(statement("SELECT 1")).as<sql_result>();
}

} // namespace
} // namespace troupe::storage::test
