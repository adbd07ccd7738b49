#include "storage/sqlite/result_code.hpp"

#include <sqlite3.h>

namespace troupe::storage::sqlite {

namespace {

meaning meaning_of_constraint(int extended_code) noexcept {
  switch (extended_code) {
  case SQLITE_CONSTRAINT_NOTNULL: return {errc::unprocessable, "a required value is missing"};
  case SQLITE_CONSTRAINT_CHECK:
  case SQLITE_CONSTRAINT_DATATYPE:
    return {errc::unprocessable, "a value is not one that the database accepts"};
  case SQLITE_CONSTRAINT_FOREIGNKEY:
    return {errc::conflict, "another row that is referred to is missing, or still refers to this"};
  default: return {errc::conflict, "a row with this value exists already"};
  }
}

} // namespace

meaning meaning_of(int result_code) noexcept {
  constexpr int primary_mask = 0xff;
  switch (result_code & primary_mask) {
  case SQLITE_CONSTRAINT: return meaning_of_constraint(result_code);
  case SQLITE_MISMATCH:
  case SQLITE_TOOBIG: return {errc::unprocessable, "a value does not fit its column"};
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return {errc::unavailable, "the database is busy"};
  case SQLITE_CANTOPEN:
  case SQLITE_NOTADB:
  case SQLITE_IOERR:
  case SQLITE_FULL:
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_CORRUPT: return {errc::unavailable, "the database is not available"};
  case SQLITE_INTERRUPT: return {errc::unavailable, "the statement was interrupted"};
  default: return {errc::internal, "the database refused the statement"};
  }
}

} // namespace troupe::storage::sqlite
