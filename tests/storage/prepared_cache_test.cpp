#include "storage/detail/prepared_cache.hpp"

#include <gtest/gtest.h>

namespace troupe::storage {
namespace {

TEST(prepared_cache, lets_the_least_recently_used_go_first) {
  prepared_cache<int> cache{2};
  cache.insert("a", 1);
  cache.insert("b", 2);
  EXPECT_TRUE(cache.full());
  ASSERT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(cache.pop_oldest(), 2);
  EXPECT_EQ(cache.find("b"), nullptr);
  EXPECT_EQ(*cache.find("a"), 1);
  EXPECT_FALSE(cache.full());
}

TEST(prepared_cache, forgets_what_is_erased) {
  prepared_cache<int> cache{4};
  cache.insert("a text that is too long to be kept inside of a string object", 1);
  cache.erase("a text that is too long to be kept inside of a string object");
  cache.erase("unknown");
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.find("a text that is too long to be kept inside of a string object"), nullptr);
}

TEST(prepared_cache, keeps_pointers_while_others_come_and_go) {
  prepared_cache<int> cache{1'000};
  auto* first = &cache.insert("first", 1);
  for (int i = 0; i < 500; ++i)
    cache.insert(std::to_string(i), i);
  EXPECT_EQ(cache.find("first"), first);
  EXPECT_EQ(*first, 1);
}

} // namespace
} // namespace troupe::storage
