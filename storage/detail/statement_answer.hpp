#pragma once

#include "actors/messages/call.hpp"
#include "actors/messages/errc.hpp"
#include "actors/messages/sql.hpp"

#include <caf/actor_control_block.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <variant>

namespace troupe::storage {

class warning_limit;

/// What goes back to whom asked for a statement.
using statement_answer = std::variant<sql_result, failure>;

void reply(const caf::strong_actor_ptr& to, call_id call, statement_answer&& what);

/// What a statement threw, as its asker hears of it; the log hears the rest. `session_is_gone`: that is told elsewhere.
/// `told_as`, `refusals`: as in pool_share.
[[nodiscard]] failure failure_of(const std::exception_ptr& why, bool session_is_gone, const std::string& sql,
                                 const std::string& told_as, warning_limit& refusals);

/// What is left of an answer that has been sent.
struct answer_gist {
  std::size_t rows = 0;
  std::optional<errc> failed;
};
[[nodiscard]] answer_gist gist_of(const statement_answer& what);

/// A statement that took long.
struct slow_statement {
  sql_statement statement;
  answer_gist what;
  std::chrono::nanoseconds took{0};
};

/// A line in the log. `plan`: what to add, or nothing.
void warn_of(const slow_statement& what, const std::string& plan, const std::string& told_as);

inline constexpr const char* connection_gone = "the database connection was lost";
inline constexpr const char* nobody_waits = "nobody waits for the statement";

} // namespace troupe::storage
