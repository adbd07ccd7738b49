// Values that every backend must bring back as they went in, and those that each must refuse.
#include "actors/detail/sql_convert.hpp"
#include "actors/rows.hpp"
#include "tests/storage/value_fixture.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;
using namespace std::chrono_literals;
using micro_time = std::chrono::sys_time<std::chrono::microseconds>;

const std::vector<string> hostile_texts{
  "",
  " ",
  "NULL",
  "null",
  "' OR '1'='1",
  "'; DROP TABLE kept; --",
  "\"; DROP TABLE kept; --",
  "); DROP TABLE kept; --",
  "\\'; DROP TABLE kept; --",
  "$1",
  "$$; DROP TABLE kept; $$",
  "$a$x$a$",
  "?1 :a @a ?",
  "{",
  "}",
  "{}",
  "{1,2}",
  "[0:1]={1,2}",
  "[]",
  "[1,\"a\"]",
  ",",
  ",,",
  "\"",
  "\"\"",
  "\\",
  "\\\\",
  "\\x00",
  "\\x4142",
  "E'\\\\'",
  "a\"b\\c{d}e,f'g",
  "/* */ -- \n",
  "\x01\x1f\x7f\r\n\t\v\f",
  "%s%n%00",
  "\u00e4\u20ac\U0001f600",
  "\u202e\u200b\ufeff",
  "\ufdd0\ufffe\uffff\U0001ffff\U0010ffff", // noncharacters
  "e\u0301",
};

class value_conformance : public with_values {
protected:
  value_conformance() {
    run("CREATE TABLE kept (id INTEGER PRIMARY KEY)");
    run("INSERT INTO kept VALUES (7)");
  }

  void TearDown() override {
    EXPECT_EQ(run("SELECT id FROM kept").cells, std::vector<sql_value>{int64_t{7}});
  }

  /// The row with column "v" after the value has been put there.
  row stored(const sql_value& value) {
    run("UPDATE " + table_ + " SET v = $1", {value});
    return rows{run("SELECT v FROM " + table_)}[0];
  }

  template <class T>
  void expect_kept(const T& value) {
    const row found = stored(troupe::detail::to_sql_value(value));
    EXPECT_EQ(found.get<T>("v"), value) << nlohmann::json(found);
    EXPECT_EQ(run("SELECT count(*) FROM " + table_ + " WHERE v = $1", {troupe::detail::to_sql_value(value)}).cells.at(0),
              sql_value{int64_t{1}})
      << nlohmann::json(found);
  }

  /// What the refusal says.
  string refusal(const sql_value& value) {
    try {
      run("UPDATE " + table_ + " SET v = $1", {value});
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
      return e.what();
    }
    return "taken";
  }

  [[nodiscard]] bool on_sqlite() const { return connection_->kind() == backend::sqlite; }
  [[nodiscard]] string array_of(const string& type) const { return on_sqlite() ? "JSON" : type + "[]"; }
};

TEST_F(value_conformance, keeps_hostile_text_in_every_type_that_holds_text) {
  for (const auto* type : {"TEXT", "VARCHAR(1000000)"}) {
    make_table(type);
    for (const auto& text : hostile_texts)
      expect_kept(text);
    for (const auto c : {'\'', '"', '\\', '{', '$'})
      expect_kept(string(1'000'000, c));
  }
}

TEST_F(value_conformance, keeps_hostile_bytes) {
  make_table(database_->bytes());
  for (const auto& text : hostile_texts)
    EXPECT_EQ(stored(blob{text}).get<blob>("v").bytes, text);
  EXPECT_EQ(stored(blob{string(1'000'000, '\0')}).get<blob>("v").bytes, string(1'000'000, '\0'));
}

TEST_F(value_conformance, keeps_hostile_text_in_json) {
  make_table("JSON");
  for (const auto& text : hostile_texts) {
    const nlohmann::json document{{text, {text, nullptr, {{"a", text}}}}};
    EXPECT_EQ(stored(troupe::detail::to_sql_value(document)).get<nlohmann::json>("v"), document);
    EXPECT_EQ(nlohmann::json(stored(troupe::detail::to_sql_value(document)))["v"], document);
  }
}

TEST_F(value_conformance, keeps_hostile_text_in_arrays) {
  make_table(array_of("TEXT"));
  const auto kept = [&](const auto& value) {
    return stored(troupe::detail::to_sql_value(value)).template get<std::decay_t<decltype(value)>>("v") == value;
  };
  EXPECT_TRUE(kept(hostile_texts));
  for (const auto& text : hostile_texts) {
    EXPECT_TRUE(kept(std::vector<string>{text})) << text;
    EXPECT_TRUE(kept(std::vector<std::optional<string>>{text, std::nullopt, text})) << text;
    EXPECT_TRUE(kept(std::vector<std::vector<string>>{{text, "x"}, {"", text}})) << text;
  }
  EXPECT_TRUE(kept(std::vector<string>{string(1'000'000, '"'), string(1'000'000, ',')}));
  EXPECT_EQ(nlohmann::json(stored(troupe::detail::to_sql_value(hostile_texts)))["v"], hostile_texts);
}

TEST_F(value_conformance, takes_no_hostile_text_for_a_value_of_another_type) {
  // SQLite takes any text for any column: there it comes back as it is, or is no value of that type.
  for (const auto* type : {"INTEGER", "DOUBLE PRECISION", "BOOLEAN", "TIMESTAMP"}) {
    make_table(type);
    for (const auto& text : hostile_texts) {
      if (!on_sqlite())
        EXPECT_EQ(code_of([&] { run("UPDATE " + table_ + " SET v = $1", {timestamp{text}}); }), errc::unprocessable) << text;
      else
        EXPECT_EQ(stored(timestamp{text}).get<string>("v"), text);
    }
  }
}

TEST_F(value_conformance, refuses_json_with_numbers_that_json_has_no_text_for) {
  constexpr auto infinity = std::numeric_limits<double>::infinity();
  for (const auto value : {std::numeric_limits<double>::quiet_NaN(), infinity, -infinity})
    for (const auto& document : {nlohmann::json(value), nlohmann::json{1, value}, nlohmann::json{{"a", {{"b", {1.5, value}}}}}})
      EXPECT_EQ(code_of([&] { troupe::detail::to_sql_value(document); }), errc::invalid_argument);
}

TEST_F(value_conformance, refuses_what_is_no_text_and_says_which_parameter) {
  make_table("TEXT");
  const string nul{"a\0b", 3};
  EXPECT_EQ(refusal(nul), "parameter $1 holds a NUL character");
  EXPECT_EQ(refusal(timestamp{nul}), "parameter $1 holds a NUL character");
  EXPECT_EQ(refusal(json_text{nul}), "parameter $1 holds a NUL character");
  EXPECT_EQ(refusal(sql_array{{string{"a"}, sql_array{{nul}}}}), "parameter $1 holds a NUL character");
  for (const auto* text : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "abc\x80"}) {
    EXPECT_EQ(refusal(string{text}), "parameter $1 is not valid UTF-8");
    EXPECT_EQ(refusal(json_text{text}), "parameter $1 is not valid UTF-8");
    EXPECT_EQ(refusal(timestamp{text}), "parameter $1 is not valid UTF-8");
    EXPECT_EQ(refusal(sql_array{{string{text}}}), "parameter $1 is not valid UTF-8");
    EXPECT_EQ(code_of([&] { troupe::detail::to_sql_value(nlohmann::json(text)); }), errc::invalid_argument);
  }
  for (const auto& text : hostile_texts) {
    EXPECT_EQ(refusal(numeric{text}), "parameter $1 is not a decimal number");
    EXPECT_EQ(refusal(sql_array{{numeric{text}}}), "parameter $1 is not a decimal number");
  }
  try {
    run("SELECT $1, $2", {string{"x"}, nul});
    ADD_FAILURE();
  } catch (const error& e) {
    EXPECT_STREQ(e.what(), "parameter $2 holds a NUL character");
  }
}

TEST_F(value_conformance, keeps_numbers_and_truth_values) {
  make_table("BIGINT");
  for (int bit = 0; bit < 63; ++bit)
    for (const int64_t delta : {-1, 0, 1}) {
      expect_kept((int64_t{1} << bit) + delta);
      expect_kept(-(int64_t{1} << bit) + delta);
    }
  expect_kept(std::numeric_limits<int64_t>::max());
  expect_kept(std::numeric_limits<int64_t>::min());
  make_table("DOUBLE PRECISION");
  for (double value = 5e-324; value < 1e308; value *= -7.3e3)
    expect_kept(value);
  for (const double value : {0.1, -1.0 / 3, 1e22, 1e23, 9007199254740993.0})
    expect_kept(value);
  expect_kept(0.1F);
  expect_kept(std::numeric_limits<float>::denorm_min());
  make_table("BOOLEAN");
  expect_kept(true);
  expect_kept(false);
  make_table(database_->exact_decimal());
  for (const auto* digits : {"0", "1.50", "-0.001", "99999999999999999999999999999999.99999999999999"})
    expect_kept(numeric{digits});
}

TEST_F(value_conformance, keeps_points_in_time_dates_and_durations) {
  make_table("TIMESTAMPTZ");
  const micro_time noon = std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 12h;
  for (const auto& at : {noon, noon + 1us, noon - 1us, noon + 500ms, micro_time{}, micro_time{-1us}})
    expect_kept(at);
  expect_kept(std::chrono::floor<std::chrono::seconds>(noon));
  expect_kept(std::chrono::floor<std::chrono::days>(noon));
  EXPECT_EQ(code_of([&] {
              (void)stored(troupe::detail::to_sql_value(noon + 1ms)).get<std::chrono::sys_seconds>("v");
            }),
            errc::internal);
  EXPECT_EQ(run("SELECT count(*) FROM " + table_ + " WHERE v > $1", {troupe::detail::to_sql_value(noon)}).cells.at(0),
            sql_value{int64_t{1}});
  EXPECT_EQ(run("SELECT count(*) FROM " + table_ + " WHERE v < $1", {troupe::detail::to_sql_value(noon + 2ms)}).cells.at(0),
            sql_value{int64_t{1}});
  make_table("DATE");
  for (const auto& date : {std::chrono::year{2024} / 2 / 29, std::chrono::year{1} / 1 / 1,
                           std::chrono::year{9999} / 12 / 31, std::chrono::year{0} / 3 / 15})
    expect_kept(date);
  make_table("TIME");
  for (const auto& time : {0us, 1us, std::chrono::microseconds{24h} - 1us, std::chrono::microseconds{9h}})
    expect_kept(time);
  expect_kept(std::chrono::minutes{61});
  make_table(on_sqlite() ? "TEXT" : "INTERVAL");
  for (const auto& time : {-1us, std::chrono::microseconds{100'000h}, std::chrono::microseconds{-25h}})
    expect_kept(time);
}

TEST_F(value_conformance, keeps_vectors) {
  const auto check = [&](const string& type, const auto& value) {
    make_table(array_of(type));
    const row found = stored(troupe::detail::to_sql_value(value));
    EXPECT_EQ(found.get<std::decay_t<decltype(value)>>("v"), value) << nlohmann::json(found);
  };
  check("BOOLEAN", std::vector<bool>{true, false});
  check("SMALLINT", std::vector<short>{-32768, 0, 32767});
  check("BIGINT", std::vector<int64_t>{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()});
  check("BIGINT", std::vector<int64_t>{});
  check("DOUBLE PRECISION", std::vector<double>{0.1, -1e300, 5e-324, 3});
  check("REAL", std::vector<float>{0.1F, 7.038531e-26F});
  check("TEXT", std::vector<string>{"a", "", "NULL"});
  check("TEXT", std::vector<std::optional<string>>{"a", std::nullopt});
  check("INTEGER", std::vector<std::vector<int>>{{1, 2}, {3, 4}});
  check("NUMERIC", std::vector<numeric>{{"0.10"}, {"123456789012345678901234567890"}});
  check(database_->bytes(), std::vector<blob>{{string{"\0\xff", 2}}, {""}});
  check("TIMESTAMPTZ", std::vector<micro_time>{micro_time{1us}, micro_time{-1us}});
  check("DATE", std::vector<std::chrono::year_month_day>{std::chrono::year{2024} / 2 / 29});
  check("INTERVAL", std::vector<std::chrono::milliseconds>{1ms, -90min});
  check("JSONB", std::vector<nlohmann::json>{{{"a", 1}}, "x", 5});
  EXPECT_EQ(nlohmann::json(stored(sql_array{{json_text{"[1]"}, {}}}))["v"].dump(), "[[1],null]");
}

TEST_F(value_conformance, finds_rows_by_a_vector) {
  make_table("INTEGER");
  run("INSERT INTO " + table_ + " VALUES (1), (2), (3)");
  const auto sql = "SELECT v FROM " + table_
                   + (on_sqlite() ? " WHERE v IN (SELECT value FROM json_each($1)) ORDER BY v"
                                  : " WHERE v = ANY($1) ORDER BY v");
  const auto find = [&](const std::vector<int>& values) {
    return run(sql, {troupe::detail::to_sql_value(values)}).cells;
  };
  EXPECT_EQ(find({3, 1, 9}), (std::vector<sql_value>{int64_t{1}, int64_t{3}}));
  EXPECT_EQ(find({}), std::vector<sql_value>{});
}

} // namespace
} // namespace troupe::storage::test
