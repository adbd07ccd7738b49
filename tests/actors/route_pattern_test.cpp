// Patterns of routes: how they are read, what they are refused for, what typed parameters take.
#include "actors/route_pattern.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace troupe {
namespace {

using kind = route_pattern::segment_kind;

std::string refusal_of(const std::string& text) {
  try {
    route_pattern{text};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

const char* in_words(kind what) {
  const char* const words[] = {"", "uint ", "int ", "uuid ", "text ", "rest "};
  return words[static_cast<int>(what)];
}

TEST(route_pattern, is_literals_and_parameters) {
  struct {
    std::string text, segments, shape;
  } cases[] = {
      {"/", "''", "/"},
      {"/users", "'users'", "/users"},
      {"/users/", "'users' ''", "/users/"},
      {"/users/{id}", "'users' text 'id'", "/users/{}"},
      {"/{a}/x/{b}", "text 'a' 'x' text 'b'", "/{}/x/{}"},
      {"/a.b-c_~/%41", "'a.b-c_~' '%41'", "/a.b-c_~/A"},
      {"/a%2fb/%7Bx%7d/%25", "'a%2fb' '%7Bx%7d' '%25'", "/a%2Fb/%7Bx%7D/%25"},
      {"/{a:int}/{b:uint}/{c:uuid}", "int 'a' uint 'b' uuid 'c'", "/{:int}/{:uint}/{:uuid}"},
      {"/files/{path...}", "'files' rest 'path'", "/files/{...}"},
      {"/{a_B-9...}", "rest 'a_B-9'", "/{...}"},
  };
  for (const auto& each : cases) {
    const route_pattern pattern{each.text};
    std::string segments;
    for (const auto& segment : pattern.segments())
      segments += (segments.empty() ? "" : " ") + std::string{in_words(segment.kind)} + "'"
                  + segment.text + "'";
    EXPECT_EQ(pattern.text(), each.text);
    EXPECT_EQ(segments, each.segments);
    EXPECT_EQ(pattern.shape(), each.shape);
  }
}

TEST(route_pattern, refuses_what_can_be_no_path) {
  const std::string begins = "a pattern begins with /";
  const std::string path = "a pattern is a path, without query, fragment or spaces";
  const std::string whole = "a parameter is a whole segment, like /{id}";
  const std::string escape = "it has a % without two hexadecimal digits, or a NUL";
  const auto dots = [](const std::string& segment) {
    return "it has the segment \"" + segment + "\", which paths lose before they are matched";
  };
  const auto name = [](const std::string& inside) {
    return "the name of {" + inside + "} is not made of letters, digits, '_' and '-'";
  };
  const auto type = [](const std::string& inside) {
    return "the type of {" + inside + "} is unknown, expected int, uint or uuid";
  };
  const std::pair<std::string, std::string> cases[] = {
      {"", begins},
      {"users", begins},
      {"{id}", begins},
      {"/a?b", path},
      {"/a#b", path},
      {"/a b", path},
      {"/a/./b", dots(".")},
      {"/a/..", dots("..")},
      {"/%2e%2E/{id}", dots("..")},
      {"/{}", whole},
      {"/{id", whole},
      {"/id}", whole},
      {"/x{id}", whole},
      {"/{id}x", whole},
      {"/{a}{b}", whole},
      {"/{{a}}", whole},
      {"/}a{", whole},
      {"/%", escape},
      {"/x/%4", escape},
      {"/%zz", escape},
      {"/%00", escape},
      {"/{id:date}", type("id:date")},
      {"/{id:}", type("id:")},
      {"/{id:Int}", type("id:Int")},
      {"/{id:int...}", name("id:int...")},
      {"/{:int}", name(":int")},
      {"/{...}", name("...")},
      {"/{*path}", name("*path")},
      {"/{a.b}", name("a.b")},
      {"/{\u00e4}", name("\u00e4")},
      {"/{id}/{id}", "the parameter {id} appears twice"},
      {"/{id:int}/{id...}", "the parameter {id} appears twice"},
      {"/{path...}/x", "{path...} takes all that is left: nothing can follow it"},
      {"/{path...}/", "{path...} takes all that is left: nothing can follow it"},
  };
  for (const auto& [text, why] : cases)
    EXPECT_EQ(refusal_of(text), "route pattern \"" + text + "\": " + why);
}

TEST(route_pattern, has_at_most_64_segments) {
  std::string text;
  for (std::size_t i = 0; i < route_pattern::max_segments; ++i)
    text += "/x";
  EXPECT_EQ(refusal_of(text), "accepted");
  EXPECT_EQ(refusal_of(text + "/"),
            "route pattern \"" + text + "/\": it has more than 64 segments");
}

TEST(route_pattern, knows_what_its_types_take) {
  const std::string uuid = "00112233-4455-6677-8899-aAbBcCdDeEfF";
  struct {
    std::string text;
    bool unsigned_integer, integer, uuid, text_too = true;
  } cases[] = {
      {"0", true, true, false},
      {"007", true, true, false},
      {"-7", false, true, false},
      {"9223372036854775807", true, true, false},
      {"9223372036854775808", true, false, false},
      {"-9223372036854775808", false, true, false},
      {"-9223372036854775809", false, false, false},
      {"18446744073709551615", true, false, false},
      {"18446744073709551616", false, false, false},
      {"", false, false, false, false},
      {"-", false, false, false},
      {"+7", false, false, false},
      {" 7", false, false, false},
      {"7 ", false, false, false},
      {"7.0", false, false, false},
      {"0x7", false, false, false},
      {"7a", false, false, false},
      {uuid, false, false, true},
      {uuid.substr(1), false, false, false},
      {uuid + "0", false, false, false},
      {"g" + uuid.substr(1), false, false, false},
      {"00112233+4455-6677-8899-aAbBcCdDeEfF", false, false, false},
      {"001122334-455-6677-8899-aAbBcCdDeEfF", false, false, false},
      {"00112233445566778899aabbccddeeff", false, false, false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(matches(kind::unsigned_integer, each.text), each.unsigned_integer) << each.text;
    EXPECT_EQ(matches(kind::integer, each.text), each.integer) << each.text;
    EXPECT_EQ(matches(kind::uuid, each.text), each.uuid) << each.text;
    EXPECT_EQ(matches(kind::text, each.text), each.text_too) << each.text;
  }
}

} // namespace
} // namespace troupe
