#include "actors/form.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace troupe {
namespace {

using namespace std::string_literals;
using pairs = std::vector<std::pair<std::string, std::string>>;

request with_form(std::string body, const char* type = "application/x-www-form-urlencoded") {
  request out;
  out.has_body = true;
  out.body = std::move(body);
  if (type != nullptr)
    out.headers.add("Content-Type", type);
  return out;
}

/// "CODE: WORDS", or nothing.
std::string refusal(const std::function<void()>& of) {
  try {
    of();
  } catch (const error& e) {
    return std::string{to_string(e.code())} + ": " + e.what();
  }
  return {};
}

std::string refusal_of(const request& what) {
  return refusal([&] { parse_form(what); });
}

TEST(a_form, is_read_as_browsers_write_it) {
  const std::pair<std::string, pairs> cases[] = {
    {"", {}},
    {"&&&", {}},
    {"a=1", {{"a", "1"}}},
    {"a=1&b=2&a=3", {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
    {"&a=1&&b=2&", {{"a", "1"}, {"b", "2"}}},
    {"a", {{"a", ""}}},
    {"a=", {{"a", ""}}},
    {"=a", {{"", "a"}}},
    {"=", {{"", ""}}},
    {"a=b=c", {{"a", "b=c"}}},
    {"full+name=Ada+Lovelace", {{"full name", "Ada Lovelace"}}},
    {"a%3Db%26=%2B%20%c3%A9%00", {{"a=b&", "+ \xc3\xa9\0"s}}},
    {"a;b=1;c=2", {{"a;b", "1;c=2"}}},
    {"a=1\r\n", {{"a", "1\r\n"}}},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(parse_form(with_form(body)).fields(), expected) << body;
}

TEST(a_form, gives_its_fields_converted) {
  const auto form = parse_form(with_form("n=7&name=Ada&on=true&x=1.5&n=8&e="));
  EXPECT_EQ(form.get<int>("n"), 7);
  EXPECT_EQ(form.get("name"), "Ada");
  EXPECT_TRUE(form.get<bool>("on"));
  EXPECT_EQ(form.get<double>("x"), 1.5);
  EXPECT_EQ(form.get<std::string_view>("e"), "");
  EXPECT_EQ(form.all<int>("n"), (std::vector<int>{7, 8}));
  EXPECT_EQ(form.all("name"), std::vector<std::string>{"Ada"});
  EXPECT_EQ(form.all("none"), std::vector<std::string>{});
  EXPECT_EQ(form.find("n"), "7");
  EXPECT_EQ(form.find("N"), std::nullopt);
  EXPECT_EQ(form.get<int>("n", 1), 7);
  EXPECT_EQ(form.get<int>("none", 1), 1);
  EXPECT_EQ(form.get("none", "other"), "other");
}

TEST(a_form, says_which_field_is_missing_or_wrong) {
  const auto form = parse_form(with_form("n=seven&m=1&m=x&e="));
  EXPECT_EQ(refusal([&] { static_cast<void>(form.get("none")); }),
            "invalid_argument: form field \"none\" is missing");
  EXPECT_EQ(refusal([&] { static_cast<void>(form.get<int>("n")); }),
            "invalid_argument: form field \"n\" is \"seven\", expected an integer");
  EXPECT_EQ(refusal([&] { static_cast<void>(form.get<int>("n", 1)); }),
            "invalid_argument: form field \"n\" is \"seven\", expected an integer");
  EXPECT_EQ(refusal([&] { static_cast<void>(form.get<int>("e")); }),
            "invalid_argument: form field \"e\" is \"\", expected an integer");
  EXPECT_EQ(refusal([&] { static_cast<void>(form.all<int>("m")); }),
            "invalid_argument: form field \"m\" is \"x\", expected an integer");
}

TEST(a_form, with_escapes_that_are_wrong_is_refused_with_their_place) {
  EXPECT_EQ(refusal_of(with_form("a=1&b=%zz")),
            "invalid_argument: form field 2 is \"b=%zz\", expected valid percent-encoding");
  for (const char* body : {"%", "a=%", "a=%4", "%4=a", "a=%4g", "a=%%41", "a=1&%x=2", "a=%u0041"})
    EXPECT_TRUE(refusal_of(with_form(body)).starts_with("invalid_argument: form field ")) << body;
}

TEST(a_form, is_read_whatever_parameters_its_type_has) {
  for (const char* type :
       {"application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-UrlEncoded",
        "application/x-www-form-urlencoded ; a=b"})
    EXPECT_EQ(parse_form(with_form("a=1", type)).get("a"), "1") << type;
  EXPECT_EQ(parse_form(with_form("a=1", nullptr)).get("a"), "1");
}

TEST(a_form, of_another_type_is_refused) {
  EXPECT_EQ(refusal_of(with_form("a=1", "application/json")),
            "unsupported_media_type: Content-Type is \"application/json\", expected "
            "application/x-www-form-urlencoded");
  for (const char* type :
       {"", "multipart/form-data; boundary=a", "application/x-www-form-urlencoded2",
        "text/plain; application/x-www-form-urlencoded"})
    EXPECT_TRUE(refusal_of(with_form("a=1", type)).starts_with("unsupported_media_type: ")) << type;
}

TEST(a_form, needs_a_body) {
  EXPECT_TRUE(refusal_of(request{}).starts_with("length_required: "));
}

TEST(a_form, has_a_bounded_number_of_fields) {
  std::string body;
  for (std::size_t i = 0; i < most_form_fields; ++i)
    body += "a=1&";
  EXPECT_EQ(parse_form(with_form(body)).fields().size(), most_form_fields);
  EXPECT_EQ(refusal_of(with_form(body + "a=1")),
            "payload_too_large: the form has more than 1000 fields");
}

} // namespace
} // namespace troupe
