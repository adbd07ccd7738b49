// The two tables that translate what databases say.
#include "storage/postgres/sqlstate.hpp"
#include "storage/sqlite/result_code.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <utility>
#include <vector>

namespace troupe::storage {
namespace {

TEST(sqlstate, becomes_a_code_of_ours) {
  const std::vector<std::pair<std::string, errc>> cases{
    {"08000", errc::unavailable},   {"08006", errc::unavailable},
    {"08007", errc::outcome_unknown},
    {"08P01", errc::internal},      {"0A000", errc::internal},
    {"22001", errc::unprocessable}, {"22003", errc::unprocessable},
    {"22P02", errc::unprocessable}, {"22012", errc::internal},
    {"23502", errc::unprocessable}, {"23503", errc::conflict},
    {"23505", errc::conflict},      {"23514", errc::unprocessable},
    {"23P01", errc::conflict},      {"23001", errc::conflict},
    {"25P02", errc::internal},      {"25006", errc::unavailable},
    {"28P01", errc::unavailable},   {"3D000", errc::unavailable},
    {"40000", errc::conflict},      {"40003", errc::outcome_unknown},
    {"40001", errc::serialization_failure}, {"40P01", errc::serialization_failure},
    {"42601", errc::internal},      {"42P01", errc::internal},
    {"42501", errc::internal},      {"53100", errc::unavailable},
    {"53300", errc::unavailable},   {"54000", errc::unprocessable},
    {"55P03", errc::unavailable},   {"55006", errc::unavailable},
    {"55000", errc::internal},      {"57014", errc::deadline_exceeded},
    {"57P01", errc::unavailable},   {"57P03", errc::unavailable},
    {"58030", errc::unavailable},   {"P0001", errc::internal},
    {"XX000", errc::internal},      {"", errc::internal},
  };
  for (const auto& [state, code] : cases) {
    EXPECT_EQ(postgres::meaning_of(state).code, code) << state;
    EXPECT_FALSE(postgres::meaning_of(state).detail.empty()) << state;
  }
}

TEST(sqlite_result_code, becomes_a_code_of_ours) {
  const std::vector<std::pair<int, errc>> cases{
    {SQLITE_CONSTRAINT_UNIQUE, errc::conflict},
    {SQLITE_CONSTRAINT_PRIMARYKEY, errc::conflict},
    {SQLITE_CONSTRAINT_FOREIGNKEY, errc::conflict},
    {SQLITE_CONSTRAINT_NOTNULL, errc::unprocessable},
    {SQLITE_CONSTRAINT_CHECK, errc::unprocessable},
    {SQLITE_MISMATCH, errc::unprocessable},
    {SQLITE_TOOBIG, errc::unprocessable},
    {SQLITE_BUSY, errc::unavailable},
    {SQLITE_BUSY_SNAPSHOT, errc::unavailable},
    {SQLITE_LOCKED, errc::unavailable},
    {SQLITE_CANTOPEN, errc::unavailable},
    {SQLITE_NOTADB, errc::unavailable},
    {SQLITE_FULL, errc::unavailable},
    {SQLITE_IOERR_READ, errc::unavailable},
    {SQLITE_READONLY, errc::unavailable},
    {SQLITE_INTERRUPT, errc::unavailable},
    {SQLITE_ERROR, errc::internal},
    {SQLITE_RANGE, errc::internal},
    {SQLITE_MISUSE, errc::internal},
  };
  for (const auto& [code, expected] : cases) {
    EXPECT_EQ(sqlite::meaning_of(code).code, expected) << code;
    EXPECT_FALSE(sqlite::meaning_of(code).detail.empty()) << code;
  }
}

} // namespace
} // namespace troupe::storage
