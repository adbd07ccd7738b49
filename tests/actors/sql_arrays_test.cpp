#include "actors/detail/sql_arrays.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace troupe::detail {
namespace {

using std::string;

/// As JSON, elements as texts; "none" when it is no literal.
string literal(std::string_view text) {
  const auto found = parse_array_literal(text, [](string&& x) -> sql_value { return std::move(x); });
  return found ? to_json_array(*found) : "none";
}

TEST(array_literal, is_read_as_postgres_writes_it) {
  EXPECT_EQ(literal("{}"), "[]");
  EXPECT_EQ(literal("{1,-2.5,t}"), R"(["1","-2.5","t"])");
  EXPECT_EQ(literal("{NULL,\"NULL\",null}"), R"([null,"NULL","null"])");
  EXPECT_EQ(literal("{\"\",\" \",\"a,b\",\"{}\"}"), R"([""," ","a,b","{}"])");
  EXPECT_EQ(literal(R"({"a\"b","c\\d","\e"})"), R"(["a\"b","c\\d","e"])");
  EXPECT_EQ(literal("{{1,2},{3,NULL}}"), R"([["1","2"],["3",null]])");
  EXPECT_EQ(literal("{{{{{{x}}}}}}"), R"([[[[[["x"]]]]]])");
  EXPECT_EQ(literal("[0:1]={1,2}"), R"(["1","2"])");
  EXPECT_EQ(literal("[-1:0][3:3]={{1},{2}}"), R"([["1"],["2"]])");
  EXPECT_EQ(literal("{a b,12:00:00}"), R"(["a b","12:00:00"])");
}

TEST(array_literal, is_nothing_else) {
  for (const auto* text : {"", "a", "{", "}", "{,}", "{1,}", "{,1}", "{1", "{1}}", "{{1}", "{1}x", "{\"a}",
                           "{\"a\\", "{\"a\"b}", "{a\"b\"}", "{a{b}}", "[0:1]", "[0:1]=", "[1,2]", "[]",
                           "[x]={1}", "(1,2)", " {1}", "{{{{{{{7}}}}}}}"})
    EXPECT_EQ(literal(text), "none") << text;
  EXPECT_EQ(literal(string(100'000, '{')), "none");
}

TEST(json_array, keeps_every_value_as_a_row_would) {
  const sql_array all{{{},
                       true,
                       std::numeric_limits<std::int64_t>::min(),
                       0.1,
                       std::numeric_limits<double>::infinity(),
                       string{"a\"\\\n"},
                       blob{string{"\0\xff", 2}},
                       json_text{"{\"n\": 1.50}"},
                       numeric{"0.10"},
                       timestamp{"2026-01-31"},
                       sql_array{{std::int64_t{1}}},
                       sql_array{}}};
  EXPECT_EQ(to_json_array(all), R"([null,true,-9223372036854775808,0.1,"Infinity","a\"\\\n","00ff",)"
                                R"({"n": 1.50},"0.10","2026-01-31",[1],[]])");
  EXPECT_EQ(to_json_array({}), "[]");
}

TEST(json_array, is_read_with_types) {
  EXPECT_EQ(parse_json_array(R"([null, true, -1, 1.5, "x", [2], {"a":3}, 18446744073709551615])"),
            (sql_array{{{}, true, std::int64_t{-1}, 1.5, string{"x"}, sql_array{{std::int64_t{2}}},
                        json_text{R"({"a":3})"}, numeric{"18446744073709551615"}}}));
  for (const auto* text : {"", "{}", "1", "[1", "[1]x", "null", "{1,2}"})
    EXPECT_EQ(parse_json_array(text), std::nullopt) << text;
  EXPECT_EQ(parse_json_array(string(100'000, '[') + string(100'000, ']')), std::nullopt);
}

TEST(hex, is_pairs_of_digits) {
  EXPECT_EQ(to_hex(string{"\0\xaf", 2}), "00af");
  EXPECT_EQ(from_hex("00aF"), (string{"\0\xaf", 2}));
  EXPECT_EQ(from_hex(""), "");
  for (const auto* text : {"0", "0g", "\\x00", "00 "})
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

} // namespace
} // namespace troupe::detail
