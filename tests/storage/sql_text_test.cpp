#include "storage/detail/sql_text.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::storage {
namespace {

std::vector<std::string> tokens_of(std::string_view sql) {
  std::vector<std::string> out;
  sql_tokens tokens{sql};
  for (auto token = tokens.next(); !token.empty(); token = tokens.next())
    out.emplace_back(token);
  return out;
}

TEST(sql_tokens, keeps_quoted_parts_whole_and_skips_comments) {
  using texts = std::vector<std::string>;
  EXPECT_EQ(tokens_of("  SELECT a_1,$2 -- it's\n/* a /* b */ ; */ FROM t;"),
            (texts{"SELECT", "a_1", ",", "$2", "FROM", "t", ";"}));
  EXPECT_EQ(tokens_of("'it''s;' \"a\"\"b\" E'\\'x' $$a;b$$ $t$ $$ $t$ $10"),
            (texts{"'it''s;'", "\"a\"\"b\"", "E'\\'x'", "$$a;b$$", "$t$ $$ $t$", "$10"}));
  EXPECT_EQ(tokens_of("'open"), texts{"'open"});
  EXPECT_EQ(tokens_of("$open$ x"), texts{"$open$ x"});
  EXPECT_EQ(tokens_of("/* open"), texts{});
}

TEST(sql_verb, is_what_the_statement_does) {
  const std::vector<std::pair<std::string, sql_verb>> cases{
    {"insert into t values (1)", sql_verb::changes_rows},
    {" /* x */ Update t set a = 1", sql_verb::changes_rows},
    {"DELETE FROM t", sql_verb::changes_rows},
    {"MERGE INTO t USING s ON true", sql_verb::changes_rows},
    {"SELECT 'insert'", sql_verb::reads},
    {"values (1)", sql_verb::reads},
    {"TABLE t", sql_verb::reads},
    {"(SELECT 1)", sql_verb::other},
    {"WITH a AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT * FROM a", sql_verb::other},
    {"WITH a AS (DELETE FROM t RETURNING 1), b AS (SELECT 1) VALUES (1)", sql_verb::other},
    {"WITH a AS (SELECT 1) SELECT * FROM a", sql_verb::reads},
    {"WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT replace(n, 1, 2) FROM a", sql_verb::reads},
    {"WITH a AS (SELECT replace(n, 1, 2) FROM t) TABLE a", sql_verb::reads},
    {"WITH a AS (SELECT 1), b(x) AS (SELECT 2) INSERT INTO t SELECT * FROM a",
     sql_verb::changes_rows},
    {"BEGIN", sql_verb::begin},
    {"begin transaction;", sql_verb::begin},
    {"BEGIN IMMEDIATE", sql_verb::other},
    {"BEGIN ISOLATION LEVEL SERIALIZABLE", sql_verb::other},
    {"COMMIT", sql_verb::commit},
    {"END", sql_verb::commit},
    {"ROLLBACK", sql_verb::rollback},
    {"ROLLBACK TO SAVEPOINT a", sql_verb::other},
    {"COPY t FROM STDIN", sql_verb::copy},
    {"", sql_verb::other},
  };
  for (const auto& [sql, verb] : cases)
    EXPECT_EQ(verb_of(sql), verb) << sql;
}

TEST(only_reads, tells_what_can_be_read_in_steps) {
  for (const auto* sql : {"SELECT 1", "values (1)", "TABLE t", "/* x */ (((SELECT 1) UNION SELECT 2))",
                          "WITH a AS (SELECT 1), b AS (VALUES (2)) SELECT * FROM a", "with recursive a as (select 1) table a"})
    EXPECT_TRUE(only_reads(sql)) << sql;
  for (const auto* sql : {"", "(", "INSERT INTO t VALUES (1)", "(DELETE FROM t)", "WITH a AS (SELECT 1) DELETE FROM t", "WITH",
                          "WITH a AS (SELECT 1)", "EXPLAIN SELECT 1", "BEGIN", "SELECTED", "COPY t TO STDOUT", "FETCH 1 FROM c"})
    EXPECT_FALSE(only_reads(sql)) << sql;
}

TEST(line_of_statement, is_that_of_its_first_word) {
  const std::string script = "-- a comment; with a semicolon\n"
                             "CREATE TABLE t (v TEXT);\n"
                             "\n"
                             ";; /* no statement; of these\n two */ ;\n"
                             "INSERT INTO t VALUES ('a;\nb'); INSERT INTO t VALUES ($x$;\n$x$);\n"
                             "SELECT\n  1";
  EXPECT_EQ(line_of_statement(script, 1), 2u);
  EXPECT_EQ(line_of_statement(script, 2), 6u);
  EXPECT_EQ(line_of_statement(script, 3), 7u);
  EXPECT_EQ(line_of_statement(script, 4), 9u);
  EXPECT_EQ(line_of_statement(script, 5), 0u);
  EXPECT_EQ(line_of_statement("-- nothing\n;", 1), 0u);
}

TEST(line_of_statement, counts_no_semicolon_inside_of_a_statement) {
  const std::string script = "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b);\n"
                             "CREATE FUNCTION f(x INT) RETURNS INT BEGIN ATOMIC\n"
                             "  SELECT CASE x WHEN 1 THEN 2 END;\n"
                             "  SELECT 3;\n"
                             "END;\n"
                             "SELECT 'third';\n"
                             "BEGIN; SELECT 'fifth'; END;\n"
                             "SELECT 'seventh'";
  EXPECT_EQ(line_of_statement(script, 2), 2u);
  EXPECT_EQ(line_of_statement(script, 3), 6u);
  EXPECT_EQ(line_of_statement(script, 5), 7u);
  EXPECT_EQ(line_of_statement(script, 7), 8u);
}

TEST(changes_session, is_what_holds_behind_the_transaction) {
  for (const auto* sql : {"SET ROLE a", "set search_path = a", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET TIME ZONE 'UTC'",
                          "/* x */ SET a.b = 1", "RESET ALL", "RESET ROLE", "DISCARD ALL"})
    EXPECT_TRUE(changes_session(sql)) << sql;
  for (const auto* sql : {"SET LOCAL a = 1", "SET TRANSACTION READ ONLY", "SET CONSTRAINTS ALL DEFERRED", "SELECT 1", "SETTLE", "",
                          "UPDATE a SET b = 1"})
    EXPECT_FALSE(changes_session(sql)) << sql;
}

TEST(may_set_statement_timeout, in_any_letters_and_in_any_place) {
  for (const auto* sql : {"SET LOCAL statement_timeout = 0", "set local Statement_Timeout to '1min'",
                          "SELECT set_config('STATEMENT_TIMEOUT', $1, true)", "statement_timeout"})
    EXPECT_TRUE(may_set_statement_timeout({sql, {}})) << sql;
  for (const auto* sql : {"SET LOCAL lock_timeout = 0", "SELECT statement, timeout FROM a", "statement_timeou", ""})
    EXPECT_FALSE(may_set_statement_timeout({sql, {}})) << sql;
  EXPECT_TRUE(may_set_statement_timeout({"SELECT Set_Config($1, $2, true)", {"Statement_Timeout", "1min"}}));
  EXPECT_FALSE(may_set_statement_timeout({"SELECT set_config($1, $2, true)", {"lock_timeout", std::int64_t{1}}}));
  EXPECT_FALSE(may_set_statement_timeout({"INSERT INTO word VALUES ($1)", {"statement_timeout"}}));
}

TEST(calls_usual_functions_only, knows_words_and_functions_before_parentheses) {
  for (const auto* sql :
       {"SELECT id FROM a WHERE id = $1", "SELECT count(*), max(b) FROM a WHERE c = ANY($1) AND d IN (1, 2)", "VALUES (1), (2)",
        "SELECT (1 + 2) * (3)", "SELECT coalesce(a, 'set_config(1)') FROM b", "SELECT a -- set_config('x', 'y', true)\nFROM b",
        "SELECT CAST($1 AS numeric(10, 2))", "SELECT a FROM (SELECT 1 AS a) AS b WHERE EXISTS (SELECT 1)",
        "SELECT lower(a) FROM b GROUP BY (a) HAVING (sum(c)) > 1", "SELECT $1 (", "("})
    EXPECT_TRUE(calls_usual_functions_only(sql)) << sql;
  for (const auto* sql : {"SELECT set_config('app.tenant', $1, true)", "SELECT f()", "SELECT pg_notify ('a', 'b')", "SELECT app.lower('A')",
                          "SELECT \"f\"(1)", "SELECT lower(f(a)) FROM b", "SELECT * FROM rows_of($1)", "SELECT nextval('a')",
                          "SELECT SET_CONFIG/* */('a', 'b', true)"})
    EXPECT_FALSE(calls_usual_functions_only(sql)) << sql;
}

TEST(line_of_transaction_statement, is_that_of_what_ends_or_begins_one) {
  const std::vector<std::pair<std::string, std::size_t>> cases{
    {"CREATE TABLE a (b INT);\nCOMMIT;\nBEGIN;", 2},
    {"-- COMMIT\n\nBEGIN;\nSELECT 1;", 3},
    {"SELECT 1;\nrollback", 2},
    {"SELECT 1;\nROLLBACK WORK;", 2},
    {"SELECT 1; COMMIT AND CHAIN", 1},
    {"SELECT 1;\n\nEND;", 3},
    {"START TRANSACTION", 1},
    {"CREATE TRIGGER t AFTER INSERT ON a BEGIN\n UPDATE a SET b = CASE WHEN c THEN 1 END;\n DELETE FROM d;\nEND;\nCOMMIT", 5},
    {"CREATE FUNCTION f() RETURNS INT BEGIN ATOMIC\n SELECT 1;\nEND;\nCOMMIT;", 4},
    {"SELECT 'COMMIT';", 0},
    {"CREATE FUNCTION f() RETURNS INT LANGUAGE plpgsql AS $$BEGIN; COMMIT; END$$;", 0},
    {"SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a; ROLLBACK WORK TO a; RELEASE a", 0},
    {"CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM d; END; SELECT 1;", 0},
    {"CREATE FUNCTION f() RETURNS INT BEGIN ATOMIC SELECT 1; END;", 0},
    {"", 0},
    {";;", 0}};
  for (const auto& [script, line] : cases)
    EXPECT_EQ(line_of_transaction_statement(script), line) << script;
}

TEST(changes_for_certain, knows_what_changes_rows_tables_and_rights) {
  for (const auto* sql :
       {"INSERT INTO a VALUES (1)", "update a SET b = 1", "DELETE FROM a", "MERGE INTO a USING b ON true", "REPLACE INTO a VALUES (1)",
        "-- so\nDELETE FROM a", "WITH x AS (SELECT 1) DELETE FROM a", "CREATE TABLE a (b INT)", "alter TABLE a ADD b INT",
        "DROP TABLE a", "TRUNCATE a", "GRANT ALL ON a TO b", "REVOKE ALL ON a FROM b", "REINDEX TABLE a"})
    EXPECT_TRUE(changes_for_certain(sql)) << sql;
}

TEST(changes_for_certain, leaves_all_else_to_the_database) {
  for (const auto* sql : {"", "SELECT 1", "SELECT 'DELETE FROM a'", "VALUES (1)", "WITH x AS (SELECT 1) SELECT * FROM x",
                          "SELECT replace('a', 'b', 'c')", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "SET a = 1",
                          "SHOW a", "EXPLAIN DELETE FROM a", "PRAGMA table_info(a)", "COPY a FROM STDIN", "LISTEN a",
                          "\"DELETE\" FROM a"})
    EXPECT_FALSE(changes_for_certain(sql)) << sql;
}

TEST(check_statement, takes_every_character_and_every_decimal) {
  for (const auto* text : {"", "a", "\u00e4", "\u20ac", "\U0001f600", "\U0010ffff"})
    EXPECT_NO_THROW(check_statement({"SELECT $1", {std::string{text}}})) << text;
  for (const auto* text : {"0", "-1", "+.5", "1.", "1.5e10", "1E-3", "NaN", "-Infinity"})
    EXPECT_NO_THROW(check_statement({"SELECT $1", {numeric{text}}})) << text;
}

TEST(check_statement, names_the_parameter_that_it_refuses) {
  for (const auto* text : {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf0\x9f\x98", "\xf8\x88\x80\x80\x80"})
    EXPECT_THROW(check_statement({"SELECT $1", {std::string{text}}}), error);
  for (const auto* text : {"", "-", ".", "e5", "1e", "1 ", "0x1", "nan", "inf", "-NaN", "NaN;DROP", "1;DROP"})
    EXPECT_THROW(check_statement({"SELECT $1", {numeric{text}}}), error) << text;
  try {
    check_statement({"SELECT $1, $2", {std::string{"good"}, std::string{"\xff"}}});
    ADD_FAILURE();
  } catch (const error& e) {
    EXPECT_STREQ(e.what(), "parameter $2 is not valid UTF-8");
    EXPECT_EQ(e.code(), errc::invalid_argument);
  }
}

TEST(one_line, folds_blanks_and_has_an_end) {
  EXPECT_EQ(one_line("  a\n\t b\r\n"), "a b");
  EXPECT_EQ(one_line(std::string(600, 'x')), std::string(500, 'x') + "...");
  EXPECT_EQ(one_line(""), "");
}

TEST(text_with_trace, is_the_statement_alone_for_a_reader_of_sql) {
  const auto place = trace_context::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  for (const std::string sql : {"SELECT 1", "SELECT 1;", "SELECT 1 -- one", "DELETE FROM t WHERE a = 'x'"}) {
    sql_statement what{sql, {}};
    what.trace = std::make_shared<const trace_context>(*place);
    EXPECT_FALSE(text_with_trace(what)) << sql;
    what.tells_trace = true;
    const auto text = text_with_trace(what);
    ASSERT_TRUE(text) << sql;
    EXPECT_EQ(*text, sql + "\n/*traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/");
    EXPECT_EQ(tokens_of(*text), tokens_of(sql));
  }
}

TEST(text_with_trace, is_none_for_what_neither_reads_nor_changes_rows) {
  for (const auto* sql : {"BEGIN", "COMMIT", "SAVEPOINT troupe_1", "ROLLBACK", "CREATE TABLE t (a int)"}) {
    sql_statement what{sql, {}};
    what.trace = std::make_shared<const trace_context>(trace_context::begin(true));
    what.tells_trace = true;
    EXPECT_FALSE(text_with_trace(what)) << sql;
  }
}

} // namespace
} // namespace troupe::storage
