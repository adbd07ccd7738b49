#include "storage/postgres/copy_out.hpp"

#include "storage/connection.hpp"
#include "storage/detail/csv.hpp"
#include "storage/detail/sql_text.hpp"

#include <poll.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

namespace troupe::storage::postgres {

namespace {

using std::chrono::milliseconds;

/// Lines that have come go on when nothing follows them for so long.
constexpr milliseconds patience_for_more{20};

/// The limit is for each step, and kept here.
constexpr const char* without_limit = "SET LOCAL statement_timeout = 0";

[[noreturn]] void refuse(const std::string& why) {
  throw statement_error{errc::internal, "the database refused the statement", why};
}

/// 0: it is none.
std::size_t number_of_placeholder(std::string_view token) {
  std::size_t out = 0;
  if (token.size() < 2 || token.front() != '$' || std::isdigit(static_cast<unsigned char>(token[1])) == 0)
    return 0;
  const auto* const end = token.data() + token.size();
  if (std::from_chars(token.data() + 1, end, out).ptr != end)
    refuse("a blank is missing behind the parameter in " + std::string{token});
  return out;
}

bool is_in_a_word(const std::string& sql, std::size_t at) {
  const auto before = at > 0 ? static_cast<unsigned char>(sql[at - 1]) : 0U;
  return std::isalnum(static_cast<int>(before)) != 0 || before == '_' || before == '$' || before >= 0x80;
}

/// E'a' and on the next line 'b' are one constant, whose second part has backslashes, too, and looks as if it had none.
void require_whole_constants(std::string_view before, std::string_view token) {
  const bool is_open = before.size() > 1 && (before[0] == 'E' || before[0] == 'e') && before[1] == '\'';
  if (is_open && token.starts_with('\''))
    refuse("a constant E'...' in two parts, in a text with parameters");
}

std::string literal(PGconn* session, const char* text) {
  if (text == nullptr)
    return "NULL";
  const std::string_view all{text};
  const std::unique_ptr<char, void (*)(void*)> made{PQescapeLiteral(session, all.data(), all.size()), PQfreemem};
  if (!made)
    refuse(PQerrorMessage(session));
  return made.get();
}

} // namespace

std::string with_literals(PGconn* session, const std::string& sql, const text_parameters& parameters) {
  std::string out;
  std::size_t copied = 0;
  std::size_t most = 0;
  sql_tokens tokens{sql};
  std::string_view before;
  for (auto token = tokens.next(); !token.empty(); before = token, token = tokens.next()) {
    require_whole_constants(before, token);
    const auto at = static_cast<std::size_t>(token.data() - sql.data());
    const auto number = is_in_a_word(sql, at) ? 0 : number_of_placeholder(token);
    if (number == 0 && token != ";")
      continue;
    out.append(sql, copied, at - copied);
    copied = at + token.size();
    most = std::max(most, number);
    if (number > parameters.size())
      refuse(std::to_string(parameters.size()) + " parameters, and the text names " + std::string{token});
    if (number > 0)
      out += ' ' + literal(session, parameters[number - 1]) + ' ';
    else if (sql_tokens rest{std::string_view{sql}.substr(copied)}; !rest.next().empty())
      refuse("one statement at a time: text after the first ';'");
  }
  if (most < parameters.size())
    refuse(std::to_string(parameters.size()) + " parameters, the statement takes " + std::to_string(most));
  return out.append(sql, copied);
}

void copy_out::begin(const std::string& sql, const text_parameters& parameters, bool with_header) {
  lift_limit();
  // The line break: a comment may stand at the end.
  const auto text = "COPY (" + with_literals(session_, sql, parameters) + "\n) TO STDOUT (FORMAT csv"
                    + (with_header ? ", HEADER)" : ")");
  // With parameters, though there are none: for what has none several statements would do.
  under_way_ = PQsendQueryParams(session_, text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
  // The server says that it begins when it has enough to send.
  while (under_way_ && !waits_itself() && PQisBusy(session_) != 0)
    wait_for_more();
  result_ptr begun{PQgetResult(session_)};
  if (PQresultStatus(begun.get()) != PGRES_COPY_OUT)
    end(std::move(begun));
  end_is_due_ = true;
}

void copy_out::lift_limit() {
  if (step_.count() == 0 || waits_itself())
    return;
  const result_ptr done{PQexec(session_, without_limit)};
  if (PQresultStatus(done.get()) != PGRES_COMMAND_OK)
    throw refusal{done.get()};
}

std::string copy_out::next() {
  if (!std::exchange(end_is_due_, under_way_))
    refuse("no COPY is under way");
  std::string out;
  while (under_way_ && out.size() < csv_piece) {
    char* line = nullptr;
    const auto size = PQgetCopyData(session_, &line, waits_itself() ? 0 : 1);
    const std::unique_ptr<char, void (*)(void*)> owned{line, PQfreemem};
    if (size > 0)
      out.append(line, static_cast<std::size_t>(size));
    else if (size < 0)
      end(result_ptr{PQgetResult(session_)});
    else if (out.empty())
      wait_for_more();
    else if (!has_come(patience_for_more) || PQconsumeInput(session_) == 0)
      break; // a session that is gone is told of at the next step
  }
  return out;
}

/// Bytes that GSSAPI has decrypted show nowhere.
bool copy_out::waits_itself() const noexcept {
  return PQgssEncInUse(session_) != 0;
}

bool copy_out::has_come(milliseconds patience) const {
  using clock = std::chrono::steady_clock;
  const auto until = patience.count() > 0 ? clock::now() + patience : clock::time_point::max();
  return has_more_inside(session_) || wait_for_socket(session_, POLLIN, until);
}

void copy_out::wait_for_more() {
  if (!has_come(step_))
    throw statement_error{errc::deadline_exceeded, "the statement took too long", "nothing of a COPY came in time"};
  if (PQconsumeInput(session_) == 0)
    end(result_ptr{PQgetResult(session_)}); // the session is gone, and the result says so
}

/// REQUIRES: there is no more of it.
void copy_out::end(result_ptr last) {
  under_way_ = false;
  while (const result_ptr rest{PQgetResult(session_)})
    if (PQresultStatus(rest.get()) == PGRES_COPY_OUT)
      break;
  if (PQresultStatus(last.get()) != PGRES_COMMAND_OK)
    throw refusal{last.get()};
}

} // namespace troupe::storage::postgres
