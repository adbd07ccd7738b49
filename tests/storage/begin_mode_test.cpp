#include "storage/detail/begin_mode.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::storage {
namespace {

TEST(begin_mode_of_a_statement, is_read_from_the_words_of_the_standard) {
  for (const std::string read_write :
       {"BEGIN", "begin;", "BEGIN TRANSACTION", "BEGIN WORK ;", "-- now\nBEGIN ISOLATION LEVEL SERIALIZABLE",
        "BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN ISOLATION LEVEL READ UNCOMMITTED",
        "Begin Transaction Isolation Level Repeatable Read, Read Write"}) {
    const auto mode = mode_of_begin(read_write);
    ASSERT_TRUE(mode) << read_write;
    EXPECT_FALSE(mode->read_only) << read_write;
  }
  for (const std::string read_only : {"BEGIN READ ONLY", "begin /* no */ read only;",
                                      "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
                                      "BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ"})
    EXPECT_TRUE(begins_read_only(read_only)) << read_only;
}

TEST(begin_mode_of_a_statement, is_none_of_what_is_not_the_standards_begin) {
  for (const std::string other :
       {"", "SELECT 1", "BEGIN EXCLUSIVE", "BEGIN IMMEDIATE TRANSACTION", "BEGIN READ", "BEGIN ISOLATION",
        "BEGIN ISOLATION LEVEL", "BEGIN ISOLATION LEVEL REPEATABLE", "BEGIN ISOLATION LEVEL SNAPSHOT", "BEGIN,",
        "BEGIN READ ONLY DEFERRABLE", "BEGIN; DELETE FROM item", "BEGINNING", "COMMIT", "READ ONLY"}) {
    EXPECT_FALSE(mode_of_begin(other)) << other;
    EXPECT_FALSE(begins_read_only(other)) << other;
  }
}

} // namespace
} // namespace troupe::storage
