#include "config/detail/wording.hpp"

#include <gtest/gtest.h>

namespace troupe::config::detail {
namespace {

TEST(wording, keeps_every_text_on_one_line) {
  EXPECT_EQ(on_one_line("a\nb\r\x1b[31m\x7f"), R"(a\x0ab\x0d\x1b[31m\x7f)");
  EXPECT_EQ(on_one_line(std::string(200, 'x')), std::string(80, 'x') + "...");
  EXPECT_EQ(on_one_line(std::string(200, 'x'), longest_path), std::string(200, 'x'));
  EXPECT_EQ(in_quotes("a"), "\"a\"");
  EXPECT_EQ(in_quotes(""), "an empty value");
}

TEST(wording, suggests_the_nearest_name_when_one_is_near) {
  const std::vector<std::string> known{"--listen", "--threads", "--admin"};
  EXPECT_EQ(suggestion("--lisen", known), ", did you mean --listen?");
  EXPECT_EQ(suggestion("--thraeds", known), ", did you mean --threads?");
  EXPECT_EQ(suggestion("--frobnicate", known), "");
  EXPECT_EQ(suggestion("--listen", {}), "");
  EXPECT_EQ(suggestion(std::string(100'000, 'x'), known), "");
}

TEST(wording, lists_names_as_a_sentence_does) {
  EXPECT_EQ(any_of_them({}), "");
  EXPECT_EQ(any_of_them({"a"}), "a");
  EXPECT_EQ(any_of_them({"a", "b"}), "a or b");
  EXPECT_EQ(any_of_them({"a", "b", "c"}), "a, b or c");
}

} // namespace
} // namespace troupe::config::detail
