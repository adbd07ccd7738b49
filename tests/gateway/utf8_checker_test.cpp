#include "gateway/detail/utf8_checker.hpp"

#include "tests/support/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::gateway {
namespace {

TEST(Utf8Checker, AgreesOnEveryBeginningOfACharacter) {
  for (int lead = 0; lead < 256; ++lead)
    for (int second = 0; second < 256; ++second)
      for (const char* rest : {"", "\x7f", "\x80", "\xbf", "\xc0", "\x80\x80", "\xbf\xbf", "\x80\xc2", "a\xc3\xa4"}) {
        const auto text = std::string{static_cast<char>(lead), static_cast<char>(second)} + rest;
        ASSERT_EQ(is_utf8(text), test::is_utf8_by_characters(text)) << lead << ' ' << second << ' ' << text.size();
      }
}

TEST(Utf8Checker, SaysTheSameWhereverATextIsCut) {
  for (const std::string text : {"thirteen ... \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 and some more",
                                 "a surrogate \xed\xa0\x80 between", "\xf4\x90\x80\x80",
                                 "eight of ASCII, then \xff"})
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      utf8_checker checker;
      EXPECT_EQ(checker.add(text.substr(0, cut)) && checker.add(text.substr(cut)) && checker.finish(),
                test::is_utf8_by_characters(text))
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
