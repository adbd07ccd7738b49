#include "config/detail/toml.hpp"

#include <gtest/gtest.h>

namespace troupe::config::detail {
namespace {

toml_value value_of(const std::string& text) {
  return read_toml("key = " + text).entries.at(0).value;
}

std::string text_of(const std::string& text) { return value_of(text).text; }

std::string error_of(const std::string& text) {
  try {
    read_toml(text);
  } catch (const toml_error& error) {
    return std::to_string(error.line()) + ": " + error.what();
  }
  return "no error";
}

TEST(toml, keeps_section_key_and_line_of_each_entry) {
  const auto document =
      read_toml("top = 1\r\n\n# note\n[a] # note\n x = true # note\n\n[ b . c ]\n\"y z\".w = 'v'");
  ASSERT_EQ(document.entries.size(), 3U);
  EXPECT_EQ(document.entries[0].section, "");
  EXPECT_EQ(document.entries[0].line, 1U);
  EXPECT_EQ(document.entries[1].section, "a");
  EXPECT_EQ(document.entries[1].key, "x");
  EXPECT_EQ(document.entries[1].line, 5U);
  EXPECT_EQ(document.entries[2].section, "b.c.y z");
  EXPECT_EQ(document.entries[2].key, "w");
  EXPECT_EQ(document.entries[2].line, 8U);
  ASSERT_EQ(document.sections.size(), 2U);
  EXPECT_EQ(document.sections[1].name, "b.c");
  EXPECT_EQ(document.sections[1].line, 7U);
}

TEST(toml, reads_an_empty_text_and_skips_a_byte_order_mark) {
  EXPECT_TRUE(read_toml("").entries.empty());
  EXPECT_TRUE(read_toml("\n  \n#x").entries.empty());
  EXPECT_EQ(read_toml("\xef\xbb\xbfx = 1").entries.size(), 1U);
}

TEST(toml, tells_types_apart) {
  EXPECT_EQ(value_of("\"1\"").type, toml_type::text);
  EXPECT_EQ(value_of("1").type, toml_type::integer);
  EXPECT_EQ(value_of("true").type, toml_type::boolean);
  EXPECT_EQ(value_of("[]").type, toml_type::list);
  for (const auto* other :
       {"1.5", "1979-05-27T07:32:00", "127.0.0.1:80", "007", "1__0", "+inf", "-"})
    EXPECT_EQ(value_of(other).type, toml_type::other) << other;
}

TEST(toml, resolves_numbers_and_escapes) {
  EXPECT_EQ(text_of("1_000"), "1000");
  EXPECT_EQ(text_of("+5"), "5");
  EXPECT_EQ(text_of("-5"), "-5");
  EXPECT_EQ(text_of(R"("a # b \"c\" \\ \t \u00e9 \U0001F600")"),
            "a # b \"c\" \\ \t \xc3\xa9 \xf0\x9f\x98\x80");
  EXPECT_EQ(text_of(R"('a \n # "b"')"), R"(a \n # "b")");
  EXPECT_EQ(text_of(R"("")"), "");
  EXPECT_EQ(text_of("\"\xe2\x82\xac\""), "\xe2\x82\xac");
}

TEST(toml, reads_lists_over_several_lines) {
  const auto list = value_of("[ # note\n 'a',\n\n 2, # note\n true,\n]");
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_EQ(list.items[0].text, "a");
  EXPECT_EQ(list.items[1].type, toml_type::integer);
  EXPECT_EQ(list.items[2].text, "true");
}

TEST(toml, says_in_which_line_the_syntax_is_wrong) {
  const std::string any = R"(a "text", a whole number, true, false or a [list])";
  const std::pair<std::string, std::string> cases[] = {
      {"a = 1\nb", "2: found the end of the file, expected '='"},
      {"a\nb = 1", "1: found the end of the line, expected '='"},
      {"a =\n", "1: found the end of the line, expected " + any},
      {"a = x", "1: found a text without quotes, expected " + any},
      {"a = @x", "1: found '@', expected " + any},
      {"a = \"x", "1: found the end of the file, expected a closing \""},
      {"a = 'x\n'", "1: found the end of the line, expected a closing '"},
      {"a = 1 2", "1: found '2', expected the end of the line"},
      {"a = 1 b = 2", "1: found 'b', expected the end of the line"},
      {"a = [1 2]", "1: found '2', expected ',' or ']'"},
      {"a = [1,\n", "2: found the end of the file, expected " + any},
      {"a = [[1]]", "1: found a list in a list, expected a \"text\""},
      {"a = {b = 1}", "1: found a table in braces, expected " + any},
      {"a = \"\"\"x\"\"\"", "1: found a text of several lines, expected one line in quotes"},
      {"a = \"\\q\"",
       R"(1: found 'q', expected one of \b \t \n \f \r \" \\ \uXXXX \UXXXXXXXX after a backslash)"},
      {"a = \"\\u12g4\"", "1: found 'g', expected a hexadecimal digit"},
      {"a = \"\\ud800\"", "1: found an escape that is no character, expected one that is"},
      {"= 1", "1: found '=', expected KEY = VALUE"},
      {"[", "1: found the end of the file, expected a section such as [log]"},
      {"[]", "1: found ']', expected a section such as [log]"},
      {"[a", "1: found the end of the file, expected ']'"},
      {"[a] b", "1: found 'b', expected the end of the line"},
      {"[[a]]", "1: found a list of tables, expected a section such as [log]"},
      {"\xc3\xa9 = 1", "1: found '\xc3\xa9', expected KEY = VALUE"},
      {"x = 1\n\n[a]\nx = 1\nx = 2", "5: found a.x again, expected it once: it stands in line 4"},
      {"[a]\nx = 1\n[a]", "3: found [a] again, expected it once: it stands in line 1"},
      {"a.x = 1\n[a]\nx = 2", "3: found a.x again, expected it once: it stands in line 1"},
  };
  for (const auto& [text, error] : cases)
    EXPECT_EQ(error_of(text), error) << text;
}

TEST(toml, refuses_bytes_that_are_no_text) {
  const std::string null_byte("a = 1\nb = \"\0\"", 12);
  EXPECT_EQ(error_of(null_byte), "2: found the byte 0x00, expected text in UTF-8");
  for (const std::string bytes :
       {"\x7f", "\x1b", "\xff", "\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
    EXPECT_NE(error_of("# " + bytes).find("expected text in UTF-8"), std::string::npos) << bytes;
}

} // namespace
} // namespace troupe::config::detail
