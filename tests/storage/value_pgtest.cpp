// Values of PostgreSQL's types: what goes in as a parameter comes out the same, and the server has it to
// the last bit, as its binary form tells.
#include "actors/detail/sql_convert.hpp"
#include "actors/rows.hpp"
#include "tests/storage/value_fixture.hpp"

#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;
using namespace std::chrono_literals;
using micro_time = std::chrono::sys_time<std::chrono::microseconds>;

constexpr std::chrono::sys_days year_2000{std::chrono::year{2000} / 1 / 1};

/// A value, and how the server sends it in binary.
struct sample {
  sql_value value;
  string binary;
};

template <class T>
string big_endian(T number) {
  string out(sizeof(T), '\0');
  std::memcpy(out.data(), &number, sizeof(T));
  return {out.rbegin(), out.rend()};
}

/// NaN is itself, and -0 is not 0.
bool same(const sql_value& a, const sql_value& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x != nullptr && y != nullptr)
    return std::isnan(*x) ? std::isnan(*y) : std::bit_cast<int64_t>(*x) == std::bit_cast<int64_t>(*y);
  return a == b;
}

string describe(const sql_value& value) {
  return nlohmann::json(rows{sql_result{{"v"}, {value}, 0}}[0]).dump(
    -1, ' ', true, nlohmann::json::error_handler_t::replace);
}

class value_pgtest : public with_values {
protected:
  /// `send` is the function that makes the binary form.
  void expect_kept(const string& type, const string& send, const std::vector<sample>& samples) {
    make_table(type);
    for (const auto& [value, binary] : samples) {
      const auto out = run("UPDATE " + table_ + " SET v = $1 RETURNING v, v IS NOT DISTINCT FROM $1, " + send + "(v)",
                           {value});
      EXPECT_TRUE(same(out.cells.at(0), value))
        << type << ": " << describe(value) << " came out as " << describe(out.cells[0]);
      EXPECT_EQ(out.cells.at(1), sql_value{true}) << type << ": " << describe(value);
      EXPECT_EQ(out.cells.at(2), sql_value{blob{binary}}) << type << ": " << describe(value);
    }
  }

  /// For types whose binary form is no simple one: the server's own text of the value, too.
  void expect_kept(const string& type, const std::vector<sql_value>& values) {
    make_table(type);
    for (const auto& value : values) {
      const auto out = run("UPDATE " + table_ + " SET v = $1 RETURNING v, v IS NOT DISTINCT FROM $1", {value});
      EXPECT_TRUE(same(out.cells.at(0), value))
        << type << ": " << describe(value) << " came out as " << describe(out.cells[0]);
      EXPECT_EQ(out.cells.at(1), sql_value{true}) << type << ": " << describe(value);
    }
  }

  /// Whatever T is, as a parameter and from the result.
  template <class T>
  void expect_kept(const string& type, const string& send, const T& value, const string& binary) {
    const auto out = run("UPDATE " + table_ + " SET v = $1 RETURNING v, " + send + "(v) AS b",
                         {troupe::detail::to_sql_value(value)});
    const auto row = rows{sql_result{out}}[0];
    EXPECT_EQ(row.get<T>("v"), value) << type << ": " << describe(out.cells[0]);
    EXPECT_EQ(row.get<blob>("b").bytes, binary) << type << ": " << describe(out.cells[0]);
  }

  string random_text(std::size_t longest) {
    static const std::vector<string> parts{"a",    "Z",  "0",  " ",      "\t",           "\n",  "'",
                                           "\"",   "\\", "{",  "}",      ",",            ";",   "$1",
                                           "NULL", "--", "/*", "\u00e4", "\U0001f600",   "%",   "\x7f",
                                           "()",   "[",  "]",  "\uffff", "\U0010ffff",   "\x01"};
    string out;
    for (auto left = random_() % (longest + 1); left > 0; --left)
      out += parts[random_() % parts.size()];
    return out;
  }

  string random_bytes(std::size_t longest) {
    string out(random_() % (longest + 1), '\0');
    for (auto& each : out)
      each = static_cast<char>(random_());
    return out;
  }

  string random_decimal() {
    string out(random_() % 2 == 0 ? "-" : "");
    out += static_cast<char>('1' + random_() % 9);
    for (auto left = random_() % 60; left > 0; --left)
      out += static_cast<char>('0' + random_() % 10);
    if (random_() % 4 == 0)
      return out;
    out += '.';
    for (auto left = 1 + random_() % 60; left > 0; --left)
      out += static_cast<char>('0' + random_() % 10);
    return out;
  }

  /// Between the years 4713 BC and 294246.
  micro_time random_time() {
    const auto years = static_cast<int64_t>(random_() % 298'000) - 6'600;
    const auto rest = static_cast<int64_t>(random_() % 31'556'952'000'000);
    return micro_time{std::chrono::microseconds{years * 31'556'952'000'000 + rest}};
  }

  std::mt19937_64 random_{20260131}; // the same values each time
};

template <class T>
std::vector<sample> edges_of_integers() {
  std::vector<sample> out;
  const auto add = [&](T x) { out.push_back({int64_t{x}, big_endian(x)}); };
  for (int bit = 0; bit < std::numeric_limits<T>::digits; ++bit)
    for (const T delta : {T{-1}, T{0}, T{1}}) {
      const auto power = static_cast<T>(T{1} << bit);
      add(static_cast<T>(power + delta));
      add(static_cast<T>(-power + delta));
    }
  for (T x : {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()})
    add(x);
  for (T digits = std::numeric_limits<T>::max(); digits != 0; digits = static_cast<T>(digits / 10))
    add(digits);
  return out;
}

TEST_F(value_pgtest, keeps_integers_of_every_width) {
  expect_kept("SMALLINT", "int2send", edges_of_integers<std::int16_t>());
  expect_kept("INTEGER", "int4send", edges_of_integers<std::int32_t>());
  expect_kept("BIGINT", "int8send", edges_of_integers<int64_t>());
  make_table("SMALLINT");
  const auto too_large = [&] { run("UPDATE " + table_ + " SET v = $1", {int64_t{32768}}); };
  EXPECT_EQ(code_of(too_large), errc::unprocessable);
}

TEST_F(value_pgtest, keeps_doubles_to_the_last_bit) {
  using limits = std::numeric_limits<double>;
  std::vector<double> values{0.0,           -0.0,          0.1,           -1.0 / 3,   1e300,
                             limits::max(), limits::min(), limits::lowest(), limits::denorm_min(),
                             -5e-324,       limits::epsilon(), limits::infinity(), -limits::infinity(),
                             9007199254740993.0, 1e22, 1e23, 123456789.123456789, 2.2250738585072011e-308};
  while (values.size() < 500)
    if (const auto x = std::bit_cast<double>(random_()); !std::isnan(x))
      values.push_back(x);
  std::vector<sample> samples;
  for (auto x : values)
    samples.push_back({x, big_endian(x)});
  samples.push_back({limits::quiet_NaN(), big_endian(limits::quiet_NaN())});
  expect_kept("DOUBLE PRECISION", "float8send", samples);
}

TEST_F(value_pgtest, keeps_floats_to_the_last_bit) {
  using limits = std::numeric_limits<float>;
  std::vector<float> values{0.0F, -0.0F, 0.1F, 16777216.0F, limits::max(), limits::min(),
                            limits::denorm_min(), limits::lowest(), limits::infinity(),
                            -limits::infinity(), 7.038531e-26F}; // the last: not by way of a double
  while (values.size() < 500)
    if (const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(random_())); !std::isnan(x))
      values.push_back(x);
  make_table("REAL");
  for (const auto x : values)
    expect_kept("REAL", "float4send", x, big_endian(x));
  run("UPDATE " + table_ + " SET v = 'NaN'");
  EXPECT_TRUE(std::isnan(rows{run("SELECT v FROM " + table_)}[0].get<float>("v")));
  EXPECT_EQ(nlohmann::json(rows{run("SELECT 0.1::real AS v")}[0]).dump(), R"({"v":0.1})");
}

TEST_F(value_pgtest, keeps_every_digit_of_decimals) {
  std::vector<sql_value> values;
  for (const auto* text : {"0", "0.0", "0.00000", "1", "-1", "0.1", "100", "1.000", "NaN", "Infinity",
                           "-Infinity", "0.00000000000000000000000000000000000000000000001"})
    values.push_back(numeric{text});
  values.push_back(numeric{string(1'000, '9') + '.' + string(1'000, '1')});
  while (values.size() < 500)
    values.push_back(numeric{random_decimal()});
  expect_kept("NUMERIC", values);
  make_table("NUMERIC");
  for (const auto& [in, out] : std::vector<std::pair<string, string>>{
         {"1e3", "1000"}, {"+.5", "0.5"}, {"-0", "0"}, {"0007", "7"}, {"1.", "1"}, {"12e-4", "0.0012"}})
    EXPECT_EQ(run("UPDATE " + table_ + " SET v = $1 RETURNING v", {numeric{in}}).cells.at(0), sql_value{numeric{out}});
}

TEST_F(value_pgtest, keeps_text_and_bytes) {
  std::vector<sample> texts;
  std::vector<sample> bytes;
  for (int c = 1; c < 128; ++c) {
    const string one(1, static_cast<char>(c));
    texts.push_back({one, one});
  }
  for (int c = 0; c < 256; ++c) {
    const string one(1, static_cast<char>(c));
    bytes.push_back({blob{one}, one});
  }
  for (int i = 0; i < 200; ++i) {
    const auto text = random_text(20);
    texts.push_back({text, text});
    const auto some = random_bytes(40);
    bytes.push_back({blob{some}, some});
  }
  const string large(1'000'000, '\'');
  texts.push_back({large, large});
  bytes.push_back({blob{large}, large});
  expect_kept("TEXT", "textsend", texts);
  expect_kept("VARCHAR", "varcharsend", texts);
  expect_kept("BYTEA", "byteasend", bytes);
  expect_kept("BOOLEAN", "boolsend", {{true, "\x01"}, {false, string(1, '\0')}});
  make_table("CHAR(4)"); // padded by the server
  EXPECT_EQ(run("UPDATE " + table_ + " SET v = $1 RETURNING v", {string{"\u00e4"}}).cells.at(0),
            sql_value{string{"\u00e4   "}});
}

TEST_F(value_pgtest, keeps_uuids_enums_and_json) {
  std::vector<sample> uuids;
  for (int i = 0; i < 200; ++i) {
    string bytes;
    while (bytes.size() < 16)
      bytes += random_bytes(16 - bytes.size());
    auto text = nlohmann::json(rows{sql_result{{"v"}, {blob{bytes}}, 0}}[0])["v"].get<string>();
    for (const auto at : {8, 13, 18, 23})
      text.insert(static_cast<std::size_t>(at), 1, '-');
    uuids.push_back({text, bytes});
  }
  expect_kept("UUID", "uuid_send", uuids);
  run("CREATE TYPE odd AS ENUM ('plain', 'it''s', '\"', '{,}', 'NULL', '', ' ')");
  expect_kept("odd", {string{"plain"}, string{"it's"}, string{"\""}, string{"{,}"}, string{"NULL"},
                      string{}, string{" "}});
  std::vector<string> documents{"null", "true", "-0.5e-7", "[]", "{}", R"("\"\\\u00e4\ud83d\ude00")",
                                R"([1, [2, {"a": null}], "x"])", R"({"a": {"b": {}}, "c": ""})",
                                string(200, '[') + string(200, ']'), "123456789012345678901234567890.5"};
  for (int i = 0; i < 200; ++i)
    documents.push_back(nlohmann::json(random_text(10)).dump());
  make_table("JSON"); // has no equality
  for (const auto& each : documents)
    EXPECT_EQ(run("UPDATE " + table_ + " SET v = $1 RETURNING v, v::text", {json_text{each}}).cells,
              (std::vector<sql_value>{json_text{each}, each}));
  expect_kept("JSONB", {json_text{"null"}, json_text{"[1, \"a\", {\"b\": 1.50}]"}, json_text{"{}"},
                        json_text{"{\"a\": [true, null]}"}, json_text{"\"\u00e4'\\\\\\\"\""}});
}

TEST_F(value_pgtest, keeps_points_in_time) {
  std::vector<micro_time> times{micro_time{}, micro_time{1us}, micro_time{-1us}, year_2000,
                                micro_time{year_2000} - 1us,
                                std::chrono::sys_days{std::chrono::year{10000} / 1 / 1} - 1us,
                                std::chrono::sys_days{std::chrono::year{10000} / 1 / 1} + 0us,
                                std::chrono::sys_days{std::chrono::year{0} / 3 / 15} + 12h,
                                std::chrono::sys_days{std::chrono::year{1} / 1 / 1} - 1us,
                                std::chrono::sys_days{std::chrono::year{0} / 2 / 29} + 1us,
                                std::chrono::sys_days{std::chrono::year{-4712} / 1 / 1} + 0us,
                                std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + 86'399'999'999us};
  while (times.size() < 500)
    times.push_back(random_time());
  for (const auto* type : {"TIMESTAMPTZ", "TIMESTAMP"}) {
    make_table(type);
    const auto send = type == string{"TIMESTAMP"} ? "timestamp_send" : "timestamptz_send";
    for (const auto at : times) {
      expect_kept(type, send, at, big_endian((at - year_2000).count()));
      const auto second = std::chrono::floor<std::chrono::seconds>(at);
      expect_kept(type, send, second, big_endian(std::chrono::microseconds{second - year_2000}.count()));
    }
  }
  EXPECT_EQ(code_of([&] { run("UPDATE " + table_ + " SET v = $1", {troupe::detail::to_sql_value(micro_time::min())}); }),
            errc::unprocessable);
}

TEST_F(value_pgtest, keeps_dates_and_times_of_day) {
  make_table("DATE");
  std::vector<std::chrono::year_month_day> dates;
  for (int year : {-4712, -1, 0, 1, 4, 1582, 1900, 1970, 2000, 2024, 9999, 10000, 32767})
    for (const auto& day : {std::chrono::January / 1, std::chrono::February / 28, std::chrono::March / 1,
                            std::chrono::December / 31})
      dates.push_back(std::chrono::year{year} / day);
  for (int i = 0; i < 300; ++i)
    if (const auto day = std::chrono::floor<std::chrono::days>(random_time());
        day < std::chrono::sys_days{std::chrono::year::max() / 1 / 1})
      dates.push_back(day);
  for (const auto& date : dates)
    expect_kept("DATE", "date_send", date,
                big_endian(static_cast<std::int32_t>((std::chrono::sys_days{date} - year_2000).count())));
  make_table("TIME");
  for (int i = 0; i < 300; ++i) {
    const auto time = i == 0 ? 0us : i == 1 ? std::chrono::microseconds{24h}
                                            : std::chrono::microseconds{random_() % 86'400'000'000};
    expect_kept("TIME", "time_send", time, big_endian(time.count()));
  }
  expect_kept("TIMETZ", {timestamp{"00:00:00+00"}, timestamp{"12:00:00.000001-03:30"},
                         timestamp{"24:00:00+15:59:59"}, timestamp{"23:59:59.999999-15:59"}});
}

TEST_F(value_pgtest, keeps_intervals) {
  make_table("INTERVAL");
  const auto binary = [](std::chrono::microseconds x) { return big_endian(x.count()) + string(8, '\0'); };
  for (const auto x : {0us, 1us, -1us, std::chrono::microseconds{1h}, std::chrono::microseconds{-25h},
                       std::chrono::microseconds{2'000'000h}, -59'999'999us})
    expect_kept("INTERVAL", "interval_send", x, binary(x));
  for (int i = 0; i < 300; ++i) {
    const auto x = std::chrono::microseconds{static_cast<int64_t>(random_() >> 8) * (i % 2 == 0 ? 1 : -1)};
    expect_kept("INTERVAL", "interval_send", x, binary(x));
  }
  const auto as_duration = [&](const string& text) {
    return rows{run("SELECT '" + text + "'::interval AS v")}[0].get<std::chrono::microseconds>("v");
  };
  EXPECT_EQ(as_duration("1 day"), 24h);
  EXPECT_EQ(as_duration("-2 days 3 hours"), -45h);
  EXPECT_EQ(as_duration("2 days -00:00:00.000001"), std::chrono::microseconds{48h} - 1us);
  EXPECT_EQ(code_of([&] { as_duration("1 month"); }), errc::internal);
  EXPECT_EQ(code_of([&] { as_duration("1 year 2 days"); }), errc::internal);
  expect_kept("INTERVAL", {string{"1 year 2 mons -3 days +04:05:06.789"}, string{"-00:00:00.000001"},
                           string{"-178000000 years"}, string{"00:00:00"}});
}

TEST_F(value_pgtest, does_not_depend_on_the_settings_of_the_server) {
  auto settings = database_->settings();
  settings.url += "%20-cintervalstyle%3Diso_8601%20-cextra_float_digits%3D0%20-cdatestyle%3DGerman"
                  "%20-ctimezone%3DAsia/Kolkata%20-cbytea_output%3Descape";
  connection_ = connect(settings);
  EXPECT_EQ(run("SELECT '1 day 2 hours'::interval, 0.1::float8 + 0.2::float8, '2026-01-31'::date, "
                "'2026-01-31 12:00:00+00'::timestamptz, '\\x00'::bytea")
              .cells,
            (std::vector<sql_value>{string{"1 day 02:00:00"}, 0.1 + 0.2, timestamp{"2026-01-31"},
                                    timestamp{"2026-01-31T12:00:00Z"}, blob{string(1, '\0')}}));
}

TEST_F(value_pgtest, keeps_what_std_chrono_cannot_say_as_text) {
  expect_kept("TIMESTAMPTZ", {timestamp{"infinity"}, timestamp{"-infinity"}});
  expect_kept("TIMESTAMP", {timestamp{"infinity"}, timestamp{"0044-03-15 12:00:00 BC"},
                            timestamp{"294276-12-31T23:59:59.999999"}});
  expect_kept("DATE", {timestamp{"-infinity"}, timestamp{"5874897-12-31"}, timestamp{"4713-01-01 BC"}});
  const auto error_of = [&](const string& expression) -> string {
    const auto row = rows{run("SELECT " + expression + " AS v")}[0];
    try {
      (void)row.get<micro_time>("v");
    } catch (const error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of("'infinity'::timestamptz"),
            "column \"v\" holds timestamp \"infinity\", wanted a point in time: it is infinite");
  EXPECT_EQ(error_of("'294276-12-31 23:59:59'::timestamp"),
            "column \"v\" holds timestamp \"294276-12-31T23:59:59\", wanted a point in time: it is out of "
            "range");
}

TEST_F(value_pgtest, keeps_null_in_every_type) {
  for (const auto* type : {"SMALLINT", "REAL", "NUMERIC", "BOOLEAN", "TEXT", "CHAR(3)", "BYTEA", "UUID", "DATE",
                           "TIMETZ", "TIMESTAMPTZ", "INTERVAL", "JSONB", "INTEGER[]"})
    expect_kept(type, {std::monostate{}});
}

/// An array of up to three levels; PostgreSQL wants all parts of a level equally long.
template <class F>
sql_array random_array(std::mt19937_64& random, F element, std::size_t levels) {
  const auto make = [&](const auto& self, const std::vector<std::size_t>& sizes, std::size_t level) -> sql_array {
    sql_array out;
    for (std::size_t i = 0; i < sizes[level]; ++i)
      if (level + 1 < sizes.size())
        out.elements.emplace_back(self(self, sizes, level + 1));
      else if (random() % 8 == 0)
        out.elements.emplace_back();
      else
        out.elements.emplace_back(element());
    return out;
  };
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < levels; ++i)
    sizes.push_back(1 + random() % 4);
  return make(make, sizes, 0);
}

TEST_F(value_pgtest, keeps_arrays_of_every_type_and_depth) {
  const auto check = [&](const string& type, const std::function<sql_value()>& element) {
    std::vector<sql_value> values{sql_array{}};
    for (std::size_t i = 0; i < 150; ++i)
      values.emplace_back(random_array(random_, element, 1 + i % 3));
    expect_kept(type + "[]", values);
  };
  check("BOOLEAN", [&] { return random_() % 2 == 0; });
  check("SMALLINT", [&] { return int64_t{static_cast<std::int16_t>(random_())}; });
  check("INTEGER", [&] { return int64_t{static_cast<std::int32_t>(random_())}; });
  check("BIGINT", [&] { return static_cast<int64_t>(random_()); });
  check("DOUBLE PRECISION", [&]() -> sql_value {
    const auto x = std::bit_cast<double>(random_());
    return std::isnan(x) ? std::numeric_limits<double>::infinity() : x;
  });
  check("REAL", [&]() -> sql_value { return static_cast<double>(random_() % 1000) / 8; });
  check("NUMERIC", [&] { return numeric{random_decimal()}; });
  check("TEXT", [&] { return random_text(6); });
  check("VARCHAR", [&] { return random_text(3); });
  check("BYTEA", [&] { return blob{random_bytes(6)}; });
  check("JSONB", [&] { return json_text{nlohmann::json(random_text(4)).dump()}; });
  check("TIMESTAMPTZ", [&] { return timestamp{random_() % 2 == 0 ? "infinity" : "2026-01-31T12:00:00.5Z"}; });
  check("DATE", [&] { return timestamp{"0044-03-15 BC"}; });
  check("TIME", [&] { return timestamp{"23:59:59.5"}; });
  check("INTERVAL", [&] { return string{"1 day 02:00:00"}; });
  check("UUID", [&] { return string{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}; });
}

TEST_F(value_pgtest, compares_with_any_element_of_a_vector) {
  make_table("INTEGER");
  run("INSERT INTO " + table_ + " VALUES (1), (2), (3)");
  const auto count = [&](const auto& values) {
    return run("SELECT count(*) FROM " + table_ + " WHERE v = ANY($1)", {troupe::detail::to_sql_value(values)}).cells.at(0);
  };
  EXPECT_EQ(count(std::vector<int>{1, 3, 9}), sql_value{int64_t{2}});
  EXPECT_EQ(count(std::vector<int>{}), sql_value{int64_t{0}});
  EXPECT_EQ(count(std::vector<std::optional<int>>{std::nullopt, 2}), sql_value{int64_t{1}});
  EXPECT_EQ(run("SELECT $1 = ANY(ARRAY['x', 'y'])", {string{"y"}}).cells.at(0), sql_value{true});
}

enum class colour { red, green };
TROUPE_ENUM(colour, red, green)

TEST_F(value_pgtest, reads_arrays_whose_type_is_the_databases_own_and_other_bounds) {
  run("CREATE TYPE colour AS ENUM ('red', 'green', 'dark, \"blue\"')");
  make_table("colour[]");
  const auto out = rows{run("UPDATE " + table_ + " SET v = $1 RETURNING v",
                            {troupe::detail::to_sql_value(std::vector{colour::green, colour::red})})}[0];
  EXPECT_EQ(out.get<std::vector<colour>>("v"), (std::vector{colour::green, colour::red}));
  const auto odd = rows{run("SELECT ARRAY['red', 'dark, \"blue\"', NULL]::colour[] AS v, "
                            "'[0:1][3:4]={{1,2},{3,4}}'::int[] AS b")}[0];
  EXPECT_EQ(odd.get<std::vector<std::optional<string>>>("v"),
            (std::vector<std::optional<string>>{"red", "dark, \"blue\"", std::nullopt}));
  EXPECT_EQ(odd.get<std::vector<std::vector<int>>>("b"), (std::vector<std::vector<int>>{{1, 2}, {3, 4}}));
}

TEST_F(value_pgtest, refuses_lists_that_are_not_equally_long) {
  make_table("INTEGER[]");
  const auto insert = [&](const std::vector<std::vector<int>>& values) {
    run("UPDATE " + table_ + " SET v = $1", {troupe::detail::to_sql_value(values)});
  };
  EXPECT_EQ(code_of([&] { insert({{1, 2}, {3}}); }), errc::unprocessable);
  insert({{}, {}}); // has no elements, so no dimensions
  EXPECT_EQ(run("SELECT v FROM " + table_).cells.at(0), sql_value{sql_array{}});
}

} // namespace
} // namespace troupe::storage::test
