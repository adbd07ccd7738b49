#include "gateway/detail/utf8_checker.hpp"

#include "config/detail/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::gateway {
namespace {

bool is_whole(std::string_view text) {
  utf8_checker checker;
  return checker.add(text) && checker.finish();
}

bool is_whole_by_characters(std::string_view text) {
  while (!text.empty()) {
    const auto length = config::detail::character_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

TEST(Utf8Checker, AgreesOnEveryBeginningOfACharacter) {
  for (int lead = 0; lead < 256; ++lead)
    for (int second = 0; second < 256; ++second)
      for (const char* rest : {"", "\x7f", "\x80", "\xbf", "\xc0", "\x80\x80", "\xbf\xbf", "\x80\xc2", "a\xc3\xa4"}) {
        const auto text = std::string{static_cast<char>(lead), static_cast<char>(second)} + rest;
        ASSERT_EQ(is_whole(text), is_whole_by_characters(text)) << lead << ' ' << second << ' ' << text.size();
      }
}

TEST(Utf8Checker, SaysTheSameWhereverATextIsCut) {
  for (const std::string text : {"thirteen ... \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 and some more",
                                 "a surrogate \xed\xa0\x80 between", "\xf4\x90\x80\x80",
                                 "eight of ASCII, then \xff"})
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      utf8_checker checker;
      EXPECT_EQ(checker.add(text.substr(0, cut)) && checker.add(text.substr(cut)) && checker.finish(),
                is_whole_by_characters(text))
        << text << ' ' << cut;
    }
}

TEST(Utf8Checker, RefusesTheFirstByteThatIsWrong) {
  for (const std::string text :
       {"\x80", "\xc1", "\xf5", "\xe0\x9f", "\xed\xa0", "\xf0\x8f", "\xf4\x90", "\xe2\x82\x28"}) {
    utf8_checker checker;
    EXPECT_TRUE(checker.add(text.substr(0, text.size() - 1)));
    EXPECT_FALSE(checker.add(text.substr(text.size() - 1)));
  }
}

TEST(Utf8Checker, BeginsAnewBehindATextThatEndsWithinACharacter) {
  utf8_checker checker;
  EXPECT_TRUE(checker.add("\xe2\x82"));
  EXPECT_FALSE(checker.finish());
  EXPECT_TRUE(checker.add("x"));
  EXPECT_TRUE(checker.finish());
}

} // namespace
} // namespace troupe::gateway
