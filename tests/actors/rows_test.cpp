#include "actors/rows.hpp"

#include "actors/messages/errc.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <limits>

namespace troupe {
namespace {

/// One row with the value in column "x".
row row_of(sql_value value) {
  return rows{sql_result{{"x"}, {std::move(value)}, 0}}[0];
}

template <class T>
std::string get(sql_value value) {
  try {
    return nlohmann::json(row_of(std::move(value)).get<T>("x")).dump();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::internal);
    return e.what();
  }
}

const sql_value null{};

sql_value integer(std::int64_t x) {
  return x;
}
sql_value text(std::string x) {
  return x;
}

TEST(row, converts_its_values) {
  EXPECT_EQ(get<int>(integer(-7)), "-7");
  EXPECT_EQ(get<std::int64_t>(integer(std::numeric_limits<std::int64_t>::min())),
            "-9223372036854775808");
  EXPECT_EQ(get<std::uint8_t>(integer(255)), "255");
  EXPECT_EQ(get<int>(numeric{"-12"}), "-12");
  EXPECT_EQ(get<double>(1.25), "1.25");
  EXPECT_EQ(get<double>(integer(3)), "3.0");
  EXPECT_EQ(get<double>(numeric{"0.1"}), "0.1");
  EXPECT_EQ(get<float>(0.5), "0.5");
  EXPECT_EQ(get<bool>(true), "true");
  EXPECT_EQ(get<bool>(integer(0)), "false");
  EXPECT_EQ(get<bool>(integer(2)), "true");
  EXPECT_EQ(get<std::string>(text("a")), "\"a\"");
  EXPECT_EQ(get<std::string>(integer(5)), "\"5\"");
  EXPECT_EQ(get<std::string>(0.1), "\"0.1\"");
  EXPECT_EQ(get<std::string>(std::nan("")), "\"NaN\"");
  EXPECT_EQ(get<std::string>(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
  EXPECT_EQ(get<std::string>(true), "\"true\"");
  EXPECT_EQ(get<std::string>(numeric{"1.50"}), "\"1.50\"");
  EXPECT_EQ(get<std::string>(timestamp{"2026-01-31"}), "\"2026-01-31\"");
  EXPECT_EQ(get<std::string>(json_text{"[1]"}), "\"[1]\"");
  EXPECT_EQ(get<std::string>(blob{"b"}), "\"b\"");
  EXPECT_EQ(row_of(null).get<std::optional<int>>("x"), std::nullopt);
  EXPECT_EQ(row_of(integer(4)).get<std::optional<int>>("x"), 4);
}

TEST(row, gives_times_as_std_chrono_has_them) {
  using namespace std::chrono;
  using micro_time = sys_time<microseconds>;
  const auto noon = sys_days{year{2026} / 1 / 31} + 12h;
  EXPECT_EQ(row_of(timestamp{"2026-01-31T12:00:00Z"}).get<micro_time>("x"), noon);
  EXPECT_EQ(row_of(timestamp{"2026-01-31T12:00:00Z"}).get<sys_seconds>("x"), noon);
  EXPECT_EQ(row_of(text("2026-01-31 12:00:00")).get<micro_time>("x"), noon);
  EXPECT_EQ(row_of(timestamp{"2026-01-31"}).get<sys_days>("x"), sys_days{year{2026} / 1 / 31});
  EXPECT_EQ(row_of(timestamp{"2026-01-31"}).get<year_month_day>("x"), year{2026} / 1 / 31);
  EXPECT_EQ(row_of(timestamp{"12:00:00.5"}).get<microseconds>("x"), 12h + 500ms);
  EXPECT_EQ(row_of(text("-2 days +01:00:00")).get<hours>("x"), -47h);
  EXPECT_EQ(row_of(null).get<std::optional<sys_seconds>>("x"), std::nullopt);
  EXPECT_EQ(row_of(timestamp{"a"}).get<timestamp>("x"), timestamp{"a"});
}

template <class T>
std::string get_error(sql_value value) {
  try {
    static_cast<void>(row_of(std::move(value)).get<T>("x"));
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::internal);
    return e.what();
  }
  return "read";
}

TEST(row, says_why_a_value_is_no_time) {
  using namespace std::chrono;
  EXPECT_EQ(get_error<sys_time<microseconds>>(timestamp{"infinity"}),
            "column \"x\" holds timestamp \"infinity\", wanted a point in time: it is infinite");
  EXPECT_EQ(get_error<sys_seconds>(timestamp{"2026-01-31T12:00:00.5Z"}),
            "column \"x\" holds timestamp \"2026-01-31T12:00:00.5Z\", wanted a point in time in whole seconds");
  EXPECT_EQ(get_error<sys_days>(text("soon")),
            "column \"x\" holds text \"soon\", wanted a point in time: it is no date and time");
  EXPECT_EQ(get_error<sys_days>(integer(5)), "column \"x\" holds integer, wanted a point in time");
  EXPECT_EQ(get_error<year_month_day>(timestamp{"2026-01-31T00:00:00"}),
            "column \"x\" holds timestamp \"2026-01-31T00:00:00\", wanted a date: it is more than a date");
  EXPECT_EQ(get_error<year_month_day>(null), "column \"x\" holds NULL, wanted a date");
  EXPECT_EQ(get_error<microseconds>(text("1 mon 2 days")),
            "column \"x\" holds text \"1 mon 2 days\", wanted a duration: it has months or years, which "
            "have no length");
  EXPECT_EQ((get_error<duration<std::int8_t>>(timestamp{"01:00:00"})),
            "column \"x\" holds timestamp, wanted a duration in range");
}

TEST(row, gives_arrays_as_vectors) {
  const sql_value array = sql_array{{integer(1), integer(2)}};
  EXPECT_EQ(row_of(array).get<std::vector<int>>("x"), (std::vector{1, 2}));
  EXPECT_EQ(row_of(json_text{"[1, null]"}).get<std::vector<std::optional<int>>>("x"),
            (std::vector<std::optional<int>>{1, std::nullopt}));
  EXPECT_EQ(row_of(text(R"([["a"],[]])")).get<std::vector<std::vector<std::string>>>("x"),
            (std::vector<std::vector<std::string>>{{"a"}, {}}));
  EXPECT_EQ(row_of(text("{a,\"b c\"}")).get<std::vector<std::string>>("x"),
            (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(row_of(array).get<nlohmann::json>("x").dump(), "[1,2]");
  EXPECT_EQ(row_of(array).get<std::string>("x"), "[1,2]");
  EXPECT_EQ(get_error<std::vector<int>>(sql_array{{integer(1), text("y")}}),
            "column \"x[2]\" holds text, wanted an integer");
  EXPECT_EQ(get_error<std::vector<std::vector<int>>>(sql_array{{sql_array{}, sql_array{{null}}}}),
            "column \"x[2][1]\" holds NULL, wanted an integer");
  EXPECT_EQ(get_error<std::vector<int>>(null), "column \"x\" holds NULL, wanted an array");
  EXPECT_EQ(get_error<std::vector<int>>(text("1,2")), "column \"x\" holds text, wanted an array");
  EXPECT_EQ(get_error<std::vector<int>>(json_text{"{}"}), "column \"x\" holds json, wanted an array");
  EXPECT_EQ(get_error<int>(array), "column \"x\" holds array, wanted an integer");
}

TEST(row, gives_what_has_no_type_of_c_plus_plus_as_it_is) {
  EXPECT_EQ(row_of(numeric{"1.50"}).get<numeric>("x"), numeric{"1.50"});
  EXPECT_EQ(row_of(integer(7)).get<numeric>("x"), numeric{"7"});
  EXPECT_EQ(row_of(text("-1.5e3")).get<numeric>("x"), numeric{"-1.5e3"});
  EXPECT_EQ(get_error<numeric>(text("x")), "column \"x\" holds text, wanted a numeric");
  EXPECT_EQ(get_error<numeric>(true), "column \"x\" holds bool, wanted a numeric");
  EXPECT_EQ(row_of(blob{"b"}).get<blob>("x"), blob{"b"});
  EXPECT_EQ(get_error<blob>(text("00")), "column \"x\" holds text, wanted bytes");
  EXPECT_EQ(row_of(json_text{"{ }"}).get<json_text>("x"), json_text{"{ }"});
  EXPECT_EQ(row_of(text("a")).get<json_text>("x"), json_text{"\"a\""});
  EXPECT_EQ(get_error<json_text>(null), "column \"x\" holds NULL, wanted json");
  EXPECT_EQ(row_of(null).get<nlohmann::json>("x"), nullptr);
  EXPECT_EQ(row_of(integer(1)).get<sql_value>("x"), integer(1));
  EXPECT_EQ(get_error<float>(1e300), "column \"x\" holds double, wanted a number in range");
  EXPECT_EQ(row_of(std::numeric_limits<double>::infinity()).get<float>("x"),
            std::numeric_limits<float>::infinity());
}

TEST(row, names_the_column_that_does_not_convert) {
  const auto wanted = [](const std::string& found, const std::string& what) {
    return "column \"x\" holds " + found + ", wanted " + what;
  };
  EXPECT_EQ(get<int>(null), wanted("NULL", "an integer"));
  EXPECT_EQ(get<int>(text("7")), wanted("text", "an integer"));
  EXPECT_EQ(get<int>(1.0), wanted("double", "an integer"));
  EXPECT_EQ(get<int>(true), wanted("bool", "an integer"));
  EXPECT_EQ(get<int>(numeric{"1.5"}), wanted("numeric", "an integer"));
  EXPECT_EQ(get<std::int64_t>(numeric{"9223372036854775808"}), wanted("numeric", "an integer"));
  EXPECT_EQ(get<std::int32_t>(integer(2147483648)), wanted("integer", "an integer in range"));
  EXPECT_EQ(get<std::uint32_t>(integer(-1)), wanted("integer", "an integer in range"));
  EXPECT_EQ(get<double>(text("1")), wanted("text", "a number"));
  EXPECT_EQ(get<double>(timestamp{"1"}), wanted("timestamp", "a number"));
  EXPECT_EQ(get<bool>(text("true")), wanted("text", "a bool"));
  EXPECT_EQ(get<bool>(null), wanted("NULL", "a bool"));
  EXPECT_EQ(get<std::string>(null), wanted("NULL", "text"));
  try {
    static_cast<void>(row_of(integer(1)).get<int>("y"));
    ADD_FAILURE() << "a column that is not there was read";
  } catch (const error& e) {
    EXPECT_STREQ(e.what(), "the result has no column \"y\"");
    EXPECT_EQ(e.code(), errc::internal);
  }
}

TEST(row, is_a_json_object_of_all_columns_without_loss) {
  const rows all{sql_result{
      {"null", "bool", "int", "double", "infinite", "text", "blob", "json", "bad", "numeric",
       "time"},
      {sql_value{}, true, integer(9007199254740993), 0.1,
       std::numeric_limits<double>::infinity(), text("\u00e4"),
       blob{std::string{"\0\xfe", 2}}, json_text{R"({"b":[1]})"}, json_text{"{"}, numeric{"1.10"},
       timestamp{"2026-01-31T12:00:00Z"}},
      0}};
  EXPECT_EQ(nlohmann::json(all[0]),
            nlohmann::json::parse(R"({"null":null,"bool":true,"int":9007199254740993,"double":0.1,
              "infinite":"Infinity",
              "text":"\u00e4","blob":"00fe","json":{"b":[1]},"bad":"{","numeric":"1.10",
              "time":"2026-01-31T12:00:00Z"})"));
}

TEST(row, is_written_as_a_response_with_what_its_document_says) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i)
    all_bytes += static_cast<char>(i);
  const std::vector<sql_value> values{
    sql_value{}, true, false, integer(0), integer(std::numeric_limits<std::int64_t>::min()),
    integer(std::numeric_limits<std::int64_t>::max()), 0.1, -0.0, 1e300, 3.0, std::nan(""),
    -std::numeric_limits<double>::infinity(), text(""), text("plain"), text("\"\\/\b\n\x1f\x7f"),
    text("\u00e4\u20ac\U0001f600"), text(all_bytes), text({"a\0b", 3}), blob{all_bytes}, blob{},
    json_text{R"({"b":[1,null,"x"]})"}, json_text{"{"}, json_text{""}, json_text{"\"\xff\""}, json_text{"\xef\xbb\xbf[1]"},
    json_text{{"[1]\0 2", 6}}, numeric{"1.10"},
    timestamp{"2026-01-31T12:00:00Z"}, sql_array{{}}, sql_array{{integer(1), sql_value{}, sql_array{{text("\"")}}}}};
  for (const auto& value : values) {
    const auto one = row_of(value);
    const auto out = json(one);
    EXPECT_EQ(out.headers.find("Content-Type"), "application/json");
    EXPECT_EQ(out.body, json(nlohmann::json(one)).body);
  }
}

TEST(rows, are_written_as_a_response_in_the_order_of_their_columns) {
  const rows all{sql_result{{"b\"", "a"}, {integer(1), json_text{R"({"n": 1.00})"}, integer(2), text("y")}, 0}};
  EXPECT_EQ(json(all).body, R"([{"b\"":1,"a":{"n": 1.00}},{"b\"":2,"a":"y"}])");
  EXPECT_EQ(json(all[1]).body, R"({"b\"":2,"a":"y"})");
  EXPECT_EQ(json(rows{sql_result{{"a"}, {}, 0}}).body, "[]");
  const rows twice{sql_result{{"a", "b", "a"}, {integer(1), integer(2), integer(3)}, 0}};
  EXPECT_EQ(json(twice).body, R"([{"a":3,"b":2}])") << "an object has each name once";
  EXPECT_EQ(json(twice[0]).body, R"({"a":3,"b":2})");
  const auto deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(json(row_of(json_text{deep})).body, R"({"x":")" + deep + R"("})");
}

TEST(row, gives_json_that_would_need_too_much_stack_as_text) {
  const auto deep = std::string(100'000, '[') + std::string(100'000, ']');
  const rows all{sql_result{{"x"}, {json_text{deep}}, 0}};
  EXPECT_EQ(nlohmann::json(all[0])["x"], deep);
}

TEST(rows, are_all_rows_in_order) {
  const rows all{sql_result{{"a", "b"}, {integer(1), text("x"), integer(2), text("y")}, 7}};
  EXPECT_EQ(all.size(), 2u);
  EXPECT_EQ(all.affected(), 7);
  std::string seen;
  for (const auto each : all)
    seen += each.get<std::string>("a") + each.get<std::string>("b");
  EXPECT_EQ(seen, "1x2y");
  EXPECT_EQ(nlohmann::json(all).dump(), R"([{"a":1,"b":"x"},{"a":2,"b":"y"}])");
  const rows none{sql_result{{"a"}, {}, 0}};
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(nlohmann::json(none).dump(), "[]");
  EXPECT_TRUE(rows{sql_result{}}.empty());
}

TEST(row, keeps_the_result_alive) {
  const auto last = [] {
    return rows{sql_result{{"x"}, {integer(1), text(std::string(50, 'z'))}, 0}}[1];
  }();
  EXPECT_EQ(last.get<std::string>("x"), std::string(50, 'z'));
}

} // namespace
} // namespace troupe
