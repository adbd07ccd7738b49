#pragma once

#include "actors/messages/sql.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::storage {

/// What a statement does, as far as a connection must know it before running it.
enum class sql_verb : std::uint8_t {
  reads,        ///< SELECT, VALUES, TABLE, also behind WITH; functions may change something all the same
  changes_rows, ///< INSERT, UPDATE, DELETE, MERGE: the number of rows counts
  begin,        ///< BEGIN without a mode
  commit,       ///< COMMIT, END
  rollback,     ///< ROLLBACK of the whole transaction
  procedure,    ///< CALL, DO: what it has done before it failed may have been committed
  copy,         ///< COPY: would leave the connection in another protocol
  other,
};

/// Reads a statement token by token: words, quoted parts and single punctuation characters;
/// comments and blanks are skipped.
class sql_tokens {
public:
  explicit sql_tokens(std::string_view sql) : rest_(sql) {}

  /// Empty at the end.
  std::string_view next();

private:
  void skip_blanks();
  [[nodiscard]] std::size_t quoted_size(char quote, bool backslashes) const;
  [[nodiscard]] std::size_t dollar_quoted_size() const;

  std::string_view rest_;
};

[[nodiscard]] sql_verb verb_of(std::string_view sql);

/// SELECT, VALUES, TABLE, also in parentheses or behind WITH: what can be read in steps. What functions change
/// only the database knows.
[[nodiscard]] bool only_reads(std::string_view sql);

/// What changes rows, tables, types or rights, as far as the text tells: for databases that are only read. Of all
/// else, COPY and functions for two, the database must judge.
[[nodiscard]] bool changes_for_certain(std::string_view sql);

/// SET and its kind, which hold for the session from then on: not SET LOCAL, SET TRANSACTION, SET CONSTRAINTS.
[[nodiscard]] bool changes_session(std::string_view sql);

/// It may set the time limit of statements: that is in its text, or in a parameter for set_config.
[[nodiscard]] bool may_set_statement_timeout(const sql_statement& statement);

/// Whether all functions that its text calls are among the usual ones of PostgreSQL's own, which change nothing of the
/// transaction that they are called in. Others might: set_config(..., true) holds until its end.
[[nodiscard]] bool calls_usual_functions_only(std::string_view sql);

/// The line, from 1, of the first statement of a script that ends a transaction or begins one; 0: there is none.
[[nodiscard]] std::size_t line_of_transaction_statement(std::string_view script);

/// The line, from 1, where a statement of a script begins: the one numbered `number`, from 1, empty
/// ones not counted. 0 when the script has none of that number.
[[nodiscard]] std::size_t line_of_statement(std::string_view script, std::size_t number);

/// Refuses what the backends would store differently or cut short: NUL characters, text that is not
/// UTF-8, numerics that are none. Throws error{invalid_argument} naming the parameter, or
/// error{internal} for the SQL text itself.
void check_statement(const sql_statement& statement);

/// The same for a statement that is to be read in steps; statement_error{internal} for one that cannot be.
void check_cursor(const sql_statement& statement);

/// The same for rows that are to be copied; names row and column.
void check_copy(const sql_statement& rows);

/// One line of at most 500 characters, for a log.
[[nodiscard]] std::string one_line(std::string_view text);

/// Its text with the place in a trace of who asks in a comment behind it, where the database is to be told of that, and
/// rows are read or changed; nothing for others.
[[nodiscard]] std::optional<std::string> text_with_trace(const sql_statement& what);

} // namespace troupe::storage
