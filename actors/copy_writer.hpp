#pragma once

#include "actors/detail/sql_convert.hpp"
#include "actors/messages/sql.hpp"
#include "actors/task.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace troupe {

class transaction;

/// Many rows on their way into a table: `transaction::copy_in`. COPY on PostgreSQL, on SQLite a prepared INSERT for
/// each row. Values are those that statements take. They gather to some 64 KiB, which are sent together: memory
/// holds no more, and whoever is quicker than the database waits.
///
/// Other statements of the transaction may run between the rows. Rows are kept if `end` has been reached and the
/// transaction is committed: one whose copy was destroyed before, or has failed, cannot be, and ends with
/// error{conflict}; a nested one is rolled back alone. Errors are those of `statements`, and come with a later row
/// or at the end; they name the row ("a row with this value exists already, in row 1407"), counted from 1.
///
/// For the loop of its transaction; ends before that.
class copy_writer {
public:
  copy_writer(const copy_writer&) = delete;
  copy_writer& operator=(const copy_writer&) = delete;
  ~copy_writer();

  /// One value for each column, in their order; another number throws error{internal}. What is no date, no named
  /// value of its enum, or out of the range of times throws error{invalid_argument} at once. One at a time.
  template <class... Args>
  [[nodiscard]] task<void> row(const Args&... values) {
    std::array<sql_value, sizeof...(Args)> converted{
      detail::to_sql_value<std::decay_t<const Args&>>(values)...};
    add(converted);
    return flush_if_full();
  }

  /// Sends what has gathered; the number of rows that the table has taken. Nothing may follow.
  [[nodiscard]] task<std::int64_t> end();

private:
  friend class transaction;

  enum class state : std::uint8_t { open, sending, ended };

  copy_writer(transaction& of, std::string_view table, const std::vector<std::string>& columns);

  void require_open() const;
  void add(std::span<sql_value> values);
  task<void> flush_if_full();
  task<void> flush();

  transaction& of_;
  std::string sql_;
  std::size_t columns_;
  std::vector<sql_value> gathered_;
  std::size_t bytes_ = 0; // of these
  std::size_t sent_ = 0;  // rows
  std::int64_t taken_ = 0;
  state now_ = state::open; // `sending` for ever: that has failed, or was given up
};

} // namespace troupe
