#include "storage/detail/statement_answer.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/log.hpp"
#include "storage/connection.hpp"
#include "storage/detail/sql_text.hpp"
#include "storage/detail/warning_limit.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace troupe::storage {

namespace {

void log_failure(const statement_error& e, bool session_is_gone, const std::string& sql, const std::string& told_as,
                 warning_limit& refusals) {
  auto level = spdlog::level::debug; // the caller's to handle, or told by the database actor
  std::string held_back;
  if (e.code() == errc::internal) {
    level = spdlog::level::err;
  } else if (e.code() == errc::unavailable && !session_is_gone) { // a disk that is full refuses them all
    if (const auto passed = refusals.pass(std::chrono::steady_clock::now())) {
      level = spdlog::level::warn;
      held_back = passed->ending();
    }
  }
  spdlog::log(level, "{}statement failed: {}; in: {}{}", told_as, e.internal(), one_line(sql), held_back);
}

} // namespace

void reply(const caf::strong_actor_ptr& to, call_id call, statement_answer&& what) {
  std::visit([&](auto& value) { troupe::detail::deliver(to, nullptr, call, std::move(value)); }, what);
}

failure failure_of(const std::exception_ptr& why, bool session_is_gone, const std::string& sql,
                   const std::string& told_as, warning_limit& refusals) {
  try {
    std::rethrow_exception(why);
  } catch (const statement_error& e) {
    log_failure(e, session_is_gone, sql, told_as, refusals);
    return failure{e.code(), e.what()};
  } catch (const error& e) {
    return failure{e.code(), e.what()};
  } catch (const std::exception& e) {
    spdlog::error("{}statement failed: {}; in: {}", told_as, e.what(), one_line(sql));
    return failure{errc::internal, "the database refused the statement"};
  }
}

answer_gist gist_of(const statement_answer& what) {
  if (const auto* why = std::get_if<failure>(&what))
    return {0, why->code};
  const auto& result = std::get<sql_result>(what);
  return {result.columns.empty() ? static_cast<std::size_t>(result.affected_rows) : result.row_count(), {}};
}

void warn_of(const slow_statement& what, const std::string& plan, const std::string& told_as) {
  const auto outcome = what.what.failed ? std::string{to_string(*what.what.failed)}
                                        : std::to_string(what.what.rows) + " rows";
  auto line = fmt::format("{}slow statement: {} ms, {}, for {}: {}{}", told_as,
                          std::chrono::duration_cast<std::chrono::milliseconds>(what.took).count(), outcome,
                          what.statement.asked_by != nullptr ? *what.statement.asked_by : "(no route)",
                          one_line(what.statement.sql), plan.empty() ? "" : "; plan: " + plan);
  if (what.statement.trace)
    line = troupe::detail::with_fields(line, {{"trace_id", std::string{what.statement.trace->trace_id()}}});
  spdlog::warn(line);
}

} // namespace troupe::storage
