// What a handler reads and makes: header lists, requests, responses, error codes.
#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/request_id.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <set>
#include <stdexcept>

namespace troupe {
namespace {

TEST(header_list, finds_the_first_field_of_a_name_without_regard_to_case) {
  header_list headers;
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(headers.find("Host"), std::nullopt);
  headers.add("Host", "a");
  headers.add("X-Empty", "");
  headers.add("host", "b");
  EXPECT_EQ(headers.find("HOST"), "a");
  EXPECT_EQ(headers.find("x-empty"), "");
  EXPECT_EQ(headers.find("Hos"), std::nullopt);
  EXPECT_EQ(headers.find(""), std::nullopt);
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(headers[2], (std::pair<std::string_view, std::string_view>{"host", "b"}));
  headers.clear();
  EXPECT_TRUE(headers.empty());
}

TEST(header_list, does_not_move_while_there_is_room) {
  header_list headers;
  headers.reserve(10, 100);
  headers.add("A", "1");
  const auto* const before = headers[0].first.data();
  for (int i = 0; i < 9; ++i)
    headers.add("0123", "456789");
  EXPECT_EQ(headers[0].first.data(), before);
  ASSERT_EQ(headers.size(), 10u);
  EXPECT_EQ(headers[9], (std::pair<std::string_view, std::string_view>{"0123", "456789"}));
}

TEST(header_list, keeps_all_fields_as_it_grows) {
  header_list headers;
  std::string long_value;
  for (int i = 0; i < 1000; ++i) {
    headers.add("X-" + std::to_string(i), long_value);
    long_value += 'v';
  }
  ASSERT_EQ(headers.size(), 1000u);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    EXPECT_EQ(headers[i].first, "X-" + std::to_string(i));
    EXPECT_EQ(headers[i].second, std::string(i, 'v'));
  }
}

TEST(header_list, may_be_given_a_part_of_itself) {
  header_list headers;
  headers.add("A", "1");
  for (int i = 0; i < 20; ++i) // each time there is no room, and the text moves
    headers.add(headers[headers.size() - 1].first, headers[0].second);
  ASSERT_EQ(headers.size(), 21u);
  EXPECT_EQ(headers[20], (std::pair<std::string_view, std::string_view>{"A", "1"}));
  headers.set(headers[20].first, headers[20].second); // which goes away, and the others with it
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers[0], (std::pair<std::string_view, std::string_view>{"A", "1"}));
}

TEST(header_list, is_copied_with_its_text_and_empty_when_it_was_moved_from) {
  header_list one;
  one.add("A", "1");
  auto copy = one;
  auto moved = std::move(one);
  EXPECT_TRUE(one.empty()); // NOLINT(bugprone-use-after-move)
  one.add("B", "2");
  moved.add("C", "3");
  EXPECT_EQ(copy.size(), 1u);
  EXPECT_EQ(copy.find("A"), "1");
  EXPECT_EQ(moved.find("A"), "1");
  EXPECT_EQ(moved.find("C"), "3");
  copy = moved;
  moved.clear();
  EXPECT_EQ(copy.find("C"), "3");
  copy = header_list{};
  EXPECT_TRUE(copy.empty());
  EXPECT_EQ(copy.find("A"), std::nullopt);
}

TEST(header_list, removes_the_fields_whose_name_fulfils_a_condition) {
  header_list headers;
  for (const auto* name : {"A", "b", "a", "C"})
    headers.add(name, "1");
  headers.remove_if([](std::string_view name) { return equals_ignore_case(name, "a"); });
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0].first, "b");
  EXPECT_EQ(headers[1].first, "C");
  headers.set("B", "2");
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.find("b"), "2");
}

TEST(equals_ignore_case, knows_ascii_letters_only) {
  EXPECT_TRUE(equals_ignore_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equals_ignore_case("a", "ab"));
  EXPECT_FALSE(equals_ignore_case("[", "{")); // 32 apart, as letters are
  EXPECT_FALSE(equals_ignore_case("@", "`"));
  EXPECT_FALSE(equals_ignore_case("\xc4", "\xe4"));
}

TEST(http_method, is_read_and_printed_in_the_same_form) {
  const std::string_view names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
  ASSERT_EQ(std::size(names), http_method_count);
  for (const auto name : names)
    EXPECT_EQ(to_string(parse_method(name).value()), name);
  for (const auto* name : {"get", "Get", "GETS", "", "TRACE", "CONNECT"})
    EXPECT_EQ(parse_method(name), std::nullopt) << name;
  for (const auto method : {http_method::get, http_method::head, http_method::options})
    EXPECT_TRUE(is_safe(method));
  for (const auto method :
       {http_method::post, http_method::put, http_method::delete_, http_method::patch})
    EXPECT_FALSE(is_safe(method));
}

TEST(errc, has_a_name_of_its_own_for_every_code) {
  std::set<std::string_view> names;
  for (int code = 1; code <= 24; ++code)
    names.insert(to_string(static_cast<errc>(code)));
  EXPECT_EQ(names.size(), 24u);
  EXPECT_EQ(names.count("unknown"), 0u);
  EXPECT_EQ(to_string(static_cast<errc>(25)), "unknown");
  EXPECT_EQ(to_string(static_cast<errc>(0)), "unknown");
}

TEST(percent_decode, decodes_valid_escapes_and_refuses_others) {
  struct {
    std::string_view text;
    std::optional<std::string> path, query;
  } cases[] = {
      {"", "", ""},
      {"abc", "abc", "abc"},
      {"a+b", "a+b", "a b"},
      {"%41%5a%7E", "AZ~", "AZ~"},
      {"%2b%2B", "++", "++"},
      {"%c3%A4", "\u00e4", "\u00e4"},
      {"%25", "%", "%"},
      {"%2525", "%25", "%25"},
      {"%00", std::string{"\0", 1}, std::string{"\0", 1}},
      {"%", {}, {}},
      {"%4", {}, {}},
      {"ab%4", {}, {}},
      {"%4g", {}, {}},
      {"%g4", {}, {}},
      {"% 1", {}, {}},
      {"%%41", {}, {}},
      {"%+1", {}, {}},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(percent_decode(each.text, false), each.path) << each.text;
    EXPECT_EQ(percent_decode(each.text, true), each.query) << each.text;
  }
}

request with_target(std::string target) {
  request out;
  out.path_size = static_cast<std::uint32_t>(std::min(target.find('?'), target.size()));
  out.target = std::move(target);
  return out;
}

TEST(request, tells_path_and_query_apart) {
  for (const auto& [target, path, query] : std::vector<std::array<std::string, 3>>{
           {"/", "/", ""}, {"/a?", "/a", ""}, {"/a?b=c", "/a", "b=c"}, {"/?a?b", "/", "a?b"}}) {
    EXPECT_EQ(with_target(target).path(), path);
    EXPECT_EQ(with_target(target).query_string(), query);
  }
}

TEST(request, gives_the_first_query_parameter_of_a_name_decoded) {
  const auto what = with_target("/?a=1&a=2&empty=&flag&n%61me=%C3%A4+b%2Bc&=none&&x=y=z");
  EXPECT_EQ(what.query("a"), "1");
  EXPECT_EQ(what.query("empty"), "");
  EXPECT_EQ(what.query("flag"), "");
  EXPECT_EQ(what.query("name"), "\u00e4 b+c");
  EXPECT_EQ(what.query("x"), "y=z");
  EXPECT_EQ(what.raw_query("missing"), std::nullopt);
  EXPECT_EQ(what.raw_query("A"), std::nullopt);
  EXPECT_EQ(with_target("/").raw_query("a"), std::nullopt);
}

template <class F>
std::string error_of(F what) {
  try {
    what();
  } catch (const error& e) {
    return std::string{to_string(e.code())} + ": " + e.what();
  }
  return "no error";
}

TEST(request, converts_parameters_to_the_type_that_is_asked_for) {
  auto what = with_target("/?i=-42&u=4294967295&d=2.5e3&t=true&one=1&f=false&zero=0&s=x");
  what.parameters = {{"id", "17"}, {"name", "\u00e4"}};
  EXPECT_EQ(what.param<int>("id"), 17);
  EXPECT_EQ(what.param("name"), "\u00e4");
  EXPECT_EQ(what.param<std::string>("id"), "17");
  EXPECT_EQ(what.query<int>("i"), -42);
  EXPECT_EQ(what.query<std::uint32_t>("u"), 4294967295u);
  EXPECT_EQ(what.query<double>("d"), 2500.0);
  EXPECT_TRUE(what.query<bool>("t") && what.query<bool>("one"));
  EXPECT_FALSE(what.query<bool>("f") || what.query<bool>("zero"));
  EXPECT_EQ(what.query("i", 7), -42);
  EXPECT_EQ(what.query("missing", 7), 7);
  EXPECT_EQ(what.query("missing", "none"), "none");
  EXPECT_EQ(what.query("s", "none"), "x");
}

TEST(request, says_what_is_wrong_with_a_parameter) {
  auto what = with_target("/?n=" + std::string(100, '9')
                          + "&w=abc&h=1x&e=&p=%2B1&s=+1&hex=0x10&bad=%zz&minus=-1&nan=nan&inf=-inf");
  what.parameters = {{"id", "12a"}};
  const std::string prefix = "invalid_argument: query parameter ";
  EXPECT_EQ(error_of([] { (void)with_target("/?n=a%00b%0A").query<int>("n"); }),
            prefix + "\"n\" is \"a\\x00b\\x0a\", expected an integer");
  EXPECT_EQ(error_of([&] { (void)what.param<int>("id"); }),
            "invalid_argument: path parameter \"id\" is \"12a\", expected an integer");
  EXPECT_EQ(error_of([&] { (void)what.query<int>("n"); }),
            prefix + "\"n\" is \"" + std::string(64, '9') + "...\", expected a number in range");
  EXPECT_EQ(error_of([&] { (void)what.query<std::int8_t>("n", std::int8_t{}); }),
            prefix + "\"n\" is \"" + std::string(64, '9') + "...\", expected a number in range");
  for (const auto* name : {"w", "h", "e", "p", "s", "hex", "nan", "inf"}) {
    EXPECT_TRUE(error_of([&] { (void)what.query<int>(name); }).ends_with("expected an integer"))
        << name;
    EXPECT_TRUE(error_of([&] { (void)what.query<double>(name); }).ends_with("expected a number"))
        << name;
    EXPECT_TRUE(error_of([&] { (void)what.query<bool>(name); }).ends_with("expected true or false"))
        << name;
  }
  EXPECT_EQ(error_of([&] { (void)what.query<unsigned>("minus"); }),
            prefix + "\"minus\" is \"-1\", expected an integer");
  EXPECT_EQ(error_of([&] { (void)what.query("missing"); }), prefix + "\"missing\" is missing");
  EXPECT_EQ(error_of([&] { (void)what.query("bad"); }),
            prefix + "\"bad\" is \"%zz\", expected valid percent-encoding");
  EXPECT_THROW((void)what.param("other"), std::logic_error); // the author's mistake
}

request with_body(std::string body, const char* type = nullptr) {
  request out;
  out.body = std::move(body);
  out.has_body = true;
  if (type != nullptr)
    out.headers.add("content-type", type);
  return out;
}

TEST(request, reads_its_body_as_json) {
  for (const auto* type :
       {"application/json", "Application/JSON; charset=utf-8", "application/json ;x=y",
        "application/problem+json", "application/x-www-form-urlencoded"})
    EXPECT_EQ(with_body(R"({"a":[1,null]})", type).json().at("a").at(0), 1) << type;
  EXPECT_EQ(with_body("7").json(), 7);
}

TEST(request, refuses_a_body_that_is_no_json) {
  EXPECT_TRUE(error_of([] { (void)request{}.json(); }).starts_with("length_required: "));
  for (const auto* type : {"text/plain", "", "application/jsonx", "+json", "application/xml"})
    EXPECT_EQ(error_of([&] { (void)with_body("{}", type).json(); }),
              "unsupported_media_type: Content-Type is \"" + std::string{type}
                  + "\", expected application/json");
  for (const std::string body :
       {"", "{", "{]", "{\"a\":1}}", "nul", "'a'", "\"\xff\"", "[1,]", "NaN", "{\"a\" 1}", "1e999"})
    EXPECT_TRUE(error_of([&] {
                  (void)with_body(body).json();
                }).starts_with("invalid_argument: the body is not JSON"))
        << body;
  EXPECT_EQ(error_of([&] { (void)with_body(R"({"a":x})").json(); }),
            "invalid_argument: the body is not JSON: syntax error at byte 6");
}

TEST(request, gives_no_json_that_is_nested_too_deeply_to_be_written_or_copied) {
  // A megabyte of brackets is a body within the default limit.
  const auto deep = std::string(500'000, '[') + std::string(500'000, ']');
  EXPECT_EXIT(
      {
        static_cast<void>(error_of([&] {
          const auto value = with_body(deep).json();
          const auto copy = value;
          static_cast<void>(json(copy));
        }));
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_TRUE(error_of([] {
                (void)with_body(std::string(1000, '[')).json();
              }).starts_with("invalid_argument: "));
  EXPECT_EQ(with_body(std::string(50, '[') + std::string(50, ']')).json().dump().size(), 100u);
}

TEST(response, is_made_with_its_type_and_changed_in_a_chain) {
  const auto type_of = [](const response& what) {
    return std::string{what.headers.find("Content-Type").value_or("none")};
  };
  EXPECT_EQ(type_of(text("a")), "text/plain; charset=utf-8");
  EXPECT_EQ(type_of(html("a")), "text/html; charset=utf-8");
  EXPECT_EQ(type_of(json({{"a", 1}})), "application/json");
  EXPECT_EQ(json({{"a", 1}}).body, R"({"a":1})");
  EXPECT_EQ(json("\xff").body, "\"\ufffd\""); // what a database holds need not be UTF-8
  EXPECT_EQ(json_body("[]").body, "[]");
  EXPECT_EQ(type_of(status(204)), "none");
  EXPECT_EQ(status(204).status, 204);
  const response made =
      text("a")
          .with_header("content-type", "text/html") // in place of what text() has set
          .with_status(201)
          .with_header("Location", "/x")
          .with_header("A", "b");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.headers.find("location"), "/x");
  EXPECT_EQ(made.headers.find("Content-Type"), "text/html");
  EXPECT_EQ(made.headers.size(), 3u);
}

TEST(reason_phrase, is_known_for_every_status_that_the_framework_sends) {
  for (const std::uint16_t code : {200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409, 411,
                                   413, 414, 415, 417, 422, 429, 431, 500, 501, 502, 503, 504, 505})
    EXPECT_NE(reason_phrase(code), "Unknown") << code;
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

TEST(request_id, is_sixteen_hexadecimal_digits) {
  EXPECT_EQ(format_request_id(0), "0000000000000000");
  EXPECT_EQ(format_request_id(0xabc), "0000000000000abc");
  EXPECT_EQ(format_request_id(~std::uint64_t{0}), "ffffffffffffffff");
}

} // namespace
} // namespace troupe
