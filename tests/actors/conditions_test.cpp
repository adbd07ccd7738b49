#include "actors/detail/conditions.hpp"

#include "actors/detail/http_date.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace troupe::detail {
namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t modified = 784111777;
constexpr std::int64_t now = modified + 1000;
constexpr const char* at_modification = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* after = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr const char* no_date = "Sun, 06 Nov 1994 08:49:37";

const representation strong{"\"a\"", modified, 1000};
const representation weak{"W/\"a\"", modified, 1000};
const representation bare{"", std::nullopt, 1000};
const representation empty{"\"a\"", modified, 0};

verdict evaluate(const fields& sent, const representation& what = strong,
                 http_method method = http_method::get, std::int64_t at = now) {
  header_list headers;
  for (const auto& [name, value] : sent)
    headers.add(name, value);
  return evaluate_conditions(headers, method, what, at);
}

int status(const fields& sent, const representation& what = strong,
           http_method method = http_method::get) {
  return evaluate(sent, what, method).status;
}

/// "200", "416", or "FIRST-LAST".
std::string range(const std::string& value, const representation& what = strong) {
  const auto found = evaluate({{"Range", value}}, what);
  return found.status == 206 ? std::to_string(found.first) + "-" + std::to_string(found.last)
                             : std::to_string(found.status);
}

TEST(a_request_without_conditions, is_answered_with_the_whole) {
  for (const auto* what : {&strong, &weak, &bare, &empty}) {
    EXPECT_EQ(evaluate({}, *what), verdict{200});
    EXPECT_EQ(evaluate({{"Host", "a"}}, *what, http_method::head), verdict{200});
  }
}

// -- entity tags ----------------------------------------------------------------------------------

TEST(if_none_match, is_answered_with_304_when_a_tag_matches_weakly) {
  for (const char* value : {"\"a\"", "W/\"a\"", "*", " * ", "\"b\", \"a\"", "\"b\",W/\"a\"",
                            ",, \"a\" ,", "\"b\"\t,\t\"a\"", "\"a,b\", \"a\"", "\"\xff\", \"a\""}) {
    EXPECT_EQ(status({{"If-None-Match", value}}), 304) << value;
    EXPECT_EQ(status({{"If-None-Match", value}}, weak), 304) << value;
    EXPECT_EQ(status({{"if-none-match", value}}, strong, http_method::head), 304) << value;
    EXPECT_EQ(status({{"If-None-Match", value}}, strong, http_method::put), 412) << value;
  }
}

TEST(if_none_match, changes_nothing_when_no_tag_matches_or_the_list_is_malformed) {
  for (const char* value :
       {"\"b\"",    "\"A\"",    "",    ",",          "a",          "\"a",         "a\"",
        "w/\"a\"",  "W/ \"a\"", "W/a", "W/",         "\"a\"\"a\"", "\"a\" \"b\"", "\"a\";",
        "*, \"a\"", "\"a\", *", "**",  "\"a\", \"b", "\"a \"",     "\"\"",        "\"a\x7f\""})
    EXPECT_EQ(status({{"If-None-Match", value}}), 200) << value;
  EXPECT_EQ(status({{"If-None-Match", "\"\""}}, bare), 200);
  EXPECT_EQ(status({{"If-None-Match", "*"}}, bare), 304);
}

TEST(if_none_match, is_one_list_in_several_fields) {
  EXPECT_EQ(status({{"If-None-Match", "\"b\""}, {"If-None-Match", "\"a\""}}), 304);
  EXPECT_EQ(status({{"If-None-Match", "\"a\""}, {"If-None-Match", "\"b\""}}), 304);
  EXPECT_EQ(status({{"If-None-Match", "\"a\""}, {"If-None-Match", "b"}}), 200);
  EXPECT_EQ(status({{"If-None-Match", "*"}, {"If-None-Match", "\"a\""}}), 200);
}

TEST(if_match, is_answered_with_412_unless_a_tag_matches_strongly) {
  for (const char* value : {"\"a\"", "*", "\"b\", \"a\"", "W/\"a\", \"a\""})
    EXPECT_EQ(status({{"If-Match", value}}), 200) << value;
  for (const char* value : {"\"b\"", "W/\"a\"", "", "a", "\"a\", b", "*, *", "\"a", "\"A\""})
    EXPECT_EQ(status({{"If-Match", value}}), 412) << value;
  EXPECT_EQ(status({{"If-Match", "W/\"a\""}}, weak), 412);
  EXPECT_EQ(status({{"If-Match", "\"a\""}}, weak), 412);
  EXPECT_EQ(status({{"If-Match", "*"}}, weak), 200);
  EXPECT_EQ(status({{"If-Match", "\"a\""}}, bare), 412);
}

// -- dates ----------------------------------------------------------------------------------------

TEST(if_modified_since, is_answered_with_304_unless_it_was_modified_later) {
  EXPECT_EQ(status({{"If-Modified-Since", at_modification}}), 304);
  EXPECT_EQ(status({{"If-Modified-Since", after}}), 304);
  EXPECT_EQ(status({{"If-Modified-Since", before}}), 200);
  EXPECT_EQ(status({{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}), 304);
  EXPECT_EQ(status({{"If-Modified-Since", at_modification}}, strong, http_method::head), 304);
  EXPECT_EQ(status({{"If-Modified-Since", at_modification}}, strong, http_method::post), 200);
  EXPECT_EQ(status({{"If-Modified-Since", at_modification}}, bare), 200);
}

TEST(if_unmodified_since, is_answered_with_412_when_it_was_modified_later) {
  EXPECT_EQ(status({{"If-Unmodified-Since", at_modification}}), 200);
  EXPECT_EQ(status({{"If-Unmodified-Since", after}}), 200);
  EXPECT_EQ(status({{"If-Unmodified-Since", before}}), 412);
  EXPECT_EQ(status({{"If-Unmodified-Since", before}}, bare), 200);
}

TEST(a_date, that_is_malformed_or_stands_there_twice_counts_as_not_sent) {
  EXPECT_EQ(status({{"If-Modified-Since", no_date}}), 200);
  EXPECT_EQ(status({{"If-Modified-Since", ""}}), 200);
  EXPECT_EQ(status({{"If-Modified-Since", after}, {"If-Modified-Since", after}}), 200);
  EXPECT_EQ(status({{"If-Unmodified-Since", no_date}}), 200);
  EXPECT_EQ(status({{"If-Unmodified-Since", before}, {"If-Unmodified-Since", before}}), 200);
}

// -- which counts before which --------------------------------------------------------------------

TEST(conditions, count_in_the_order_of_the_rfc) {
  EXPECT_EQ(status({{"If-Match", "\"a\""}, {"If-Unmodified-Since", before}}), 200);
  EXPECT_EQ(status({{"If-Unmodified-Since", after}, {"If-Match", "\"b\""}}), 412);
  EXPECT_EQ(status({{"If-None-Match", "\"b\""}, {"If-Modified-Since", after}}), 200);
  EXPECT_EQ(status({{"If-None-Match", "b"}, {"If-Modified-Since", after}}), 200);
  EXPECT_EQ(status({{"If-Modified-Since", before}, {"If-None-Match", "\"a\""}}), 304);
  EXPECT_EQ(status({{"If-None-Match", "\"a\""}, {"If-Match", "\"b\""}}), 412);
  EXPECT_EQ(status({{"If-None-Match", "\"a\""}, {"If-Match", "\"a\""}}), 304);
  EXPECT_EQ(status({{"If-None-Match", "\"a\""}, {"If-Unmodified-Since", before}}), 412);
  EXPECT_EQ(status({{"If-None-Match", "\"a\""}, {"Range", "bytes=0-1"}}), 304);
  EXPECT_EQ(status({{"If-Modified-Since", after}, {"Range", "bytes=5000-"}}), 304);
  EXPECT_EQ(status({{"If-Match", "\"b\""}, {"Range", "bytes=5000-"}}), 412);
  EXPECT_EQ(status({{"If-Match", "\"a\""}, {"Range", "bytes=0-1"}}), 206);
}

// -- ranges ---------------------------------------------------------------------------------------

TEST(a_range, is_answered_with_its_bytes) {
  const std::pair<const char*, const char*> cases[] = {
    {"bytes=0-0", "0-0"},
    {"bytes=0-", "0-999"},
    {"bytes=0-999", "0-999"},
    {"bytes=0-1000", "0-999"},
    {"bytes=999-", "999-999"},
    {"bytes=999-999", "999-999"},
    {"bytes=500-600", "500-600"},
    {"bytes=-1", "999-999"},
    {"bytes=-1000", "0-999"},
    {"bytes=-1001", "0-999"},
    {"bytes=00-01", "0-1"},
    {"bytes=0-18446744073709551615", "0-999"},
    {"bytes=0-99999999999999999999999999", "0-999"},
    {"bytes=-99999999999999999999999999", "0-999"},
    {"BYTES=1-2", "1-2"},
    {" bytes=1-2\t", "1-2"},
    {"bytes= 1-2 ", "1-2"},
    {"bytes=,1-2,,", "1-2"},
  };
  for (const auto& [value, expected] : cases)
    EXPECT_EQ(range(value), expected) << value;
}

TEST(a_range, behind_the_end_cannot_be_satisfied) {
  for (const char* value :
       {"bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=1000-,2000-", "bytes=-0,1000-",
        "bytes=18446744073709551616-", "bytes=18446744073709551615-18446744073709551616"})
    EXPECT_EQ(range(value), "416") << value;
  EXPECT_EQ(range("bytes=0-", empty), "416");
  EXPECT_EQ(range("bytes=-0", empty), "416");
  EXPECT_EQ(range("bytes=-1", empty), "200"); // it can, but no Content-Range says so
}

TEST(a_range, that_is_malformed_or_of_another_unit_counts_as_not_sent) {
  for (const char* value : {"",
                            "bytes",
                            "bytes=",
                            "bytes=,",
                            "bytes=-",
                            "bytes=a-",
                            "bytes=0",
                            "bytes=0-a",
                            "bytes=1-0",
                            "bytes=0-1-2",
                            "bytes=--1",
                            "bytes=+0-1",
                            "bytes=0 - 1",
                            "bytes=0-1;",
                            "bytes=0-1, a",
                            "bytes =0-1",
                            "bytes:0-1",
                            "lines=0-1",
                            "bytes=0x0-1",
                            "bytes=0-1 2-3",
                            "bytes=1000-,1-0",
                            "byte=0-1"})
    EXPECT_EQ(range(value), "200") << value;
  EXPECT_EQ(status({{"Range", "bytes=0-1"}, {"Range", "bytes=0-1"}}), 200);
}

TEST(several_ranges, are_answered_with_the_whole) {
  for (const char* value : {"bytes=0-1,3-4", "bytes=0-1,0-1", "bytes=0-1,5000-", "bytes=5000-,-1"})
    EXPECT_EQ(range(value), "200") << value;
}

TEST(a_range, counts_for_get_alone) {
  for (const auto method : {http_method::head, http_method::post, http_method::put}) {
    EXPECT_EQ(status({{"Range", "bytes=0-1"}}, strong, method), 200);
    EXPECT_EQ(status({{"Range", "bytes=5000-"}}, strong, method), 200);
  }
}

TEST(if_range, lets_the_range_count_while_nothing_has_changed) {
  const auto with = [](const char* condition, const representation& what = strong) {
    return status({{"Range", "bytes=0-1"}, {"If-Range", condition}}, what);
  };
  EXPECT_EQ(with("\"a\""), 206);
  EXPECT_EQ(with(" \"a\" "), 206);
  EXPECT_EQ(with(at_modification), 206);
  EXPECT_EQ(with("Sunday, 06-Nov-94 08:49:37 GMT"), 206);
  for (const char* condition :
       {"\"b\"", "W/\"a\"", "\"a\", \"a\"", "\"a", "a", "", "*", before, after, no_date})
    EXPECT_EQ(with(condition), 200) << condition;
  EXPECT_EQ(with("W/\"a\"", weak), 200);
  EXPECT_EQ(with("\"a\"", weak), 200);
  EXPECT_EQ(with("\"\"", bare), 200);
  EXPECT_EQ(with(at_modification, bare), 200);
  EXPECT_EQ(status({{"Range", "bytes=0-1"}, {"If-Range", "\"a\""}, {"If-Range", "\"a\""}}), 200);
  EXPECT_EQ(status({{"If-Range", "\"b\""}}), 200);
}

TEST(if_range, that_fails_hides_what_is_wrong_with_the_range) {
  EXPECT_EQ(status({{"Range", "bytes=5000-"}, {"If-Range", "\"b\""}}), 200);
  EXPECT_EQ(status({{"Range", "bytes=5000-"}, {"If-Range", "\"a\""}}), 416);
}

TEST(if_range, with_the_date_of_this_very_second_does_not_count) {
  const fields sent{{"Range", "bytes=0-1"}, {"If-Range", at_modification}};
  EXPECT_EQ(evaluate(sent, strong, http_method::get, modified).status, 200);
  EXPECT_EQ(evaluate(sent, strong, http_method::get, modified + 1).status, 206);
}

TEST(content_range, says_which_bytes_of_how_many) {
  EXPECT_EQ(content_range({206, 0, 99}, 1000), "bytes 0-99/1000");
  EXPECT_EQ(content_range({416}, 1000), "bytes */1000");
  EXPECT_EQ(content_range({416}, 0), "bytes */0");
}

} // namespace
} // namespace troupe::detail
