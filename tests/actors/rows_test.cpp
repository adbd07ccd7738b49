#include "actors/rows.hpp"

#include "actors/messages/errc.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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
