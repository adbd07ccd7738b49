#include "storage/detail/sql_text.hpp"

#include "storage/connection.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <utility>

namespace troupe::storage {

namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'
         || static_cast<unsigned char>(c) >= 0x80;
}

bool same_word(std::string_view text, std::string_view upper) {
  return std::equal(text.begin(), text.end(), upper.begin(), upper.end(), [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) == b;
  });
}

/// The length of a comment at the start of `text`; 0 when there is none. Comments nest in
/// PostgreSQL; in SQLite they do not, and nobody nests them there.
std::size_t comment_size(std::string_view text) {
  if (text.starts_with("--"))
    return std::min(text.find('\n'), text.size());
  if (!text.starts_with("/*"))
    return 0;
  std::size_t depth = 0;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '/' && text[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (text[i] == '*' && text[i + 1] == '/') {
      ++i;
      if (--depth == 0)
        return i + 1;
    }
  }
  return text.size();
}

sql_verb verb_of_word(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, sql_verb>, 13> verbs{{
    {"SELECT", sql_verb::reads},
    {"VALUES", sql_verb::reads},
    {"TABLE", sql_verb::reads},
    {"INSERT", sql_verb::changes_rows},
    {"UPDATE", sql_verb::changes_rows},
    {"DELETE", sql_verb::changes_rows},
    {"MERGE", sql_verb::changes_rows},
    {"REPLACE", sql_verb::changes_rows},
    {"COMMIT", sql_verb::commit},
    {"END", sql_verb::commit},
    {"CALL", sql_verb::procedure},
    {"DO", sql_verb::procedure},
    {"COPY", sql_verb::copy},
  }};
  for (const auto& [name, verb] : verbs)
    if (same_word(word, name))
      return verb;
  return sql_verb::other;
}

bool is_rest_of_plain_transaction(sql_tokens& tokens) {
  auto word = tokens.next();
  if (same_word(word, "TRANSACTION") || same_word(word, "WORK"))
    word = tokens.next();
  return word.empty() || word == ";";
}

/// The verb of the statement after the WITH list: the first one outside of parentheses.
sql_verb verb_after_with(sql_tokens& tokens) {
  int depth = 0;
  bool changes = false; // within the list
  for (auto token = tokens.next(); !token.empty(); token = tokens.next()) {
    if (token == "(")
      ++depth;
    else if (token == ")")
      --depth;
    else if (depth == 0) {
      const auto verb = verb_of_word(token);
      if (verb == sql_verb::reads)
        return changes ? sql_verb::other : sql_verb::reads;
      if (verb == sql_verb::changes_rows)
        return verb;
    } else if (verb_of_word(token) == sql_verb::changes_rows && !same_word(token, "REPLACE")) { // a function there
      changes = true;
    }
  }
  return sql_verb::other;
}

bool is_one_of(std::string_view word, std::span<const std::string_view> upper) {
  return std::any_of(upper.begin(), upper.end(), [&](auto each) { return same_word(word, each); });
}

/// Words that an opening parenthesis may follow without a call of a function, and functions that change nothing.
constexpr std::string_view harmless_before_parenthesis[]{
  // Words of SQL's
  "ALL", "AND", "ANY", "ARRAY", "AS", "BETWEEN", "BIT", "BY", "CASE", "CAST", "CHAR", "CHARACTER", "CUBE", "DECIMAL", "DISTINCT",
  "ELSE", "EXCEPT", "EXISTS", "FILTER", "FROM", "GROUP", "HAVING", "IN", "INTERSECT", "JOIN", "LATERAL", "LIKE", "LIMIT",
  "MATERIALIZED", "NOT", "NUMERIC", "OFFSET", "ON", "OR", "OVER", "ROLLUP", "ROW", "SELECT", "SETS", "SOME", "THEN", "TIME",
  "TIMESTAMP", "UNION", "USING", "VALUES", "VARCHAR", "VARYING", "WHEN", "WHERE", "WITHIN",
  // Aggregates and windows
  "ARRAY_AGG", "AVG", "BOOL_AND", "BOOL_OR", "COUNT", "DENSE_RANK", "EVERY", "FIRST_VALUE", "JSONB_AGG",
  "JSONB_OBJECT_AGG", "JSON_AGG", "JSON_OBJECT_AGG", "LAG", "LAST_VALUE", "LEAD", "MAX", "MIN", "NTILE", "PERCENTILE_CONT",
  "PERCENTILE_DISC", "RANK", "ROW_NUMBER", "STRING_AGG", "SUM",
  // Values
  "ABS", "ARRAY_LENGTH", "ARRAY_POSITION", "BTRIM", "CARDINALITY", "CEIL", "CEILING", "CHAR_LENGTH", "COALESCE", "CONCAT",
  "CONCAT_WS", "DATE_PART", "DATE_TRUNC", "DECODE", "ENCODE", "EXTRACT", "FLOOR", "FORMAT", "GREATEST", "JSONB_BUILD_ARRAY",
  "JSONB_BUILD_OBJECT", "JSON_BUILD_ARRAY", "JSON_BUILD_OBJECT", "LEAST", "LEFT", "LENGTH", "LOWER", "LPAD", "LTRIM", "MD5",
  "MOD", "NOW", "NULLIF", "OVERLAY", "PG_BACKEND_PID", "PG_CURRENT_XACT_ID", "PG_SLEEP", "POSITION", "POWER",
  "RANDOM", "REGEXP_REPLACE", "REPLACE", "REVERSE", "RIGHT",
  "ROUND", "ROW_TO_JSON", "RPAD", "RTRIM", "SIGN", "SPLIT_PART", "SQRT", "STARTS_WITH", "STRPOS", "SUBSTR", "SUBSTRING",
  "TO_CHAR", "TO_DATE", "TO_JSON", "TO_JSONB", "TO_NUMBER", "TO_TIMESTAMP", "TRIM", "TRUNC", "UNNEST", "UPPER",
  "GENERATE_SERIES", "PLAINTO_TSQUERY", "TO_TSQUERY", "TO_TSVECTOR", "TS_RANK", "WEBSEARCH_TO_TSQUERY"};

std::size_t line_of(std::string_view token, std::string_view script) {
  return 1 + static_cast<std::size_t>(std::count(script.data(), token.data(), '\n'));
}

/// Follows a script's tokens to the semicolons that end a statement: those in parentheses (CREATE RULE)
/// and in the body of a function (BEGIN ATOMIC ... END) do not.
class statement_ends {
public:
  bool is_end(std::string_view token) {
    const bool begins_body = same_word(token, "ATOMIC") && same_word(last_, "BEGIN");
    last_ = token;
    if (token == "(")
      ++parentheses_;
    else if (token == ")")
      --parentheses_;
    else if (begins_body || (body_ > 0 && same_word(token, "CASE")))
      ++body_;
    else if (body_ > 0 && same_word(token, "END"))
      --body_;
    return token == ";" && parentheses_ <= 0 && body_ == 0;
  }

private:
  std::string_view last_;
  int parentheses_ = 0;
  int body_ = 0; // BEGIN ATOMIC and CASE without their END
};

/// The bytes of the UTF-8 character at the start of `text`; 0 when it is not one.
std::size_t utf8_size(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto follows = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const auto first = byte(0);
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return follows(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf; // no surrogates
    return follows(1, low, high) && follows(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) && follows(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

/// What keeps `text` from being stored; null for nothing.
const char* defect_of(std::string_view text) {
  while (!text.empty()) {
    if (text.front() == '\0')
      return "holds a NUL character";
    auto size = utf8_size(text);
    if (size == 0)
      return "is not valid UTF-8";
    text.remove_prefix(size);
  }
  return nullptr;
}

bool is_decimal(std::string_view text) {
  auto digits = [&] {
    std::size_t n = 0;
    while (n < text.size() && text[n] >= '0' && text[n] <= '9')
      ++n;
    text.remove_prefix(n);
    return n;
  };
  auto sign = [&] {
    if (text.starts_with('-') || text.starts_with('+'))
      text.remove_prefix(1);
  };
  sign();
  auto before = digits();
  std::size_t after = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    after = digits();
  }
  if (before + after == 0)
    return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    sign();
    if (digits() == 0)
      return false;
  }
  return text.empty();
}

/// What PostgreSQL's numeric has beside decimals.
bool is_decimal_name(std::string_view text) {
  return text == "NaN" || text == "Infinity" || text == "-Infinity";
}

const char* defect_of_value(const sql_value& value) {
  if (const auto* x = std::get_if<std::string>(&value))
    return defect_of(*x);
  if (const auto* x = std::get_if<json_text>(&value))
    return defect_of(x->text);
  if (const auto* x = std::get_if<timestamp>(&value))
    return defect_of(x->text);
  if (const auto* x = std::get_if<numeric>(&value))
    return is_decimal(x->text) || is_decimal_name(x->text) ? nullptr : "is not a decimal number";
  if (const auto* x = std::get_if<sql_array>(&value))
    for (const auto& each : x->elements)
      if (const auto* defect = defect_of_value(each))
        return defect;
  return nullptr;
}

/// `words`: in small letters.
bool has_in_any_letters(std::string_view text, std::string_view words) {
  const auto same_letter = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
  return std::search(text.begin(), text.end(), words.begin(), words.end(), same_letter) != text.end();
}

} // namespace

std::string_view sql_tokens::next() {
  skip_blanks();
  if (rest_.empty())
    return {};
  std::size_t size = 1;
  const auto first = rest_.front();
  if (first == '\'' || first == '"' || first == '`')
    size = quoted_size(first, false);
  else if ((first == 'E' || first == 'e') && rest_.size() > 1 && rest_[1] == '\'')
    size = quoted_size('\'', true);
  else if (first == '$')
    size = dollar_quoted_size();
  else if (is_word(first))
    size = static_cast<std::size_t>(std::find_if_not(rest_.begin(), rest_.end(), is_word)
                                    - rest_.begin());
  auto token = rest_.substr(0, size);
  rest_.remove_prefix(token.size());
  return token;
}

void sql_tokens::skip_blanks() {
  while (!rest_.empty()) {
    std::size_t size = std::isspace(static_cast<unsigned char>(rest_.front())) != 0
                         ? 1
                         : comment_size(rest_);
    if (size == 0)
      return;
    rest_.remove_prefix(size);
  }
}

std::size_t sql_tokens::quoted_size(char quote, bool backslashes) const {
  for (std::size_t i = backslashes ? 2 : 1; i < rest_.size(); ++i) {
    if (backslashes && rest_[i] == '\\')
      ++i;
    else if (rest_[i] == quote && i + 1 < rest_.size() && rest_[i + 1] == quote)
      ++i;
    else if (rest_[i] == quote)
      return i + 1;
  }
  return rest_.size();
}

std::size_t sql_tokens::dollar_quoted_size() const {
  auto word = std::find_if_not(rest_.begin() + 1, rest_.end(), is_word);
  auto tag_end = static_cast<std::size_t>(word - rest_.begin());
  const bool is_parameter = tag_end > 1 && rest_[1] >= '0' && rest_[1] <= '9';
  if (is_parameter || tag_end == rest_.size() || rest_[tag_end] != '$')
    return tag_end;
  auto tag = rest_.substr(0, tag_end + 1);
  auto close = rest_.find(tag, tag.size());
  return close == std::string_view::npos ? rest_.size() : close + tag.size();
}

sql_verb verb_of(std::string_view sql) {
  sql_tokens tokens{sql};
  auto word = tokens.next();
  if (same_word(word, "WITH"))
    return verb_after_with(tokens);
  if (same_word(word, "BEGIN"))
    return is_rest_of_plain_transaction(tokens) ? sql_verb::begin : sql_verb::other;
  if (same_word(word, "ROLLBACK"))
    return is_rest_of_plain_transaction(tokens) ? sql_verb::rollback : sql_verb::other;
  return verb_of_word(word);
}

bool only_reads(std::string_view sql) {
  sql_tokens tokens{sql};
  auto word = tokens.next();
  while (word == "(")
    word = tokens.next();
  return (same_word(word, "WITH") ? verb_after_with(tokens) : verb_of_word(word)) == sql_verb::reads;
}

bool changes_for_certain(std::string_view sql) {
  if (verb_of(sql) == sql_verb::changes_rows)
    return true;
  constexpr std::string_view words[]{"CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE", "REINDEX"};
  return is_one_of(sql_tokens{sql}.next(), words);
}

bool changes_session(std::string_view sql) {
  sql_tokens tokens{sql};
  const auto first = tokens.next();
  if (same_word(first, "RESET") || same_word(first, "DISCARD"))
    return true;
  constexpr std::string_view of_a_transaction[]{"LOCAL", "TRANSACTION", "CONSTRAINTS"};
  return same_word(first, "SET") && !is_one_of(tokens.next(), of_a_transaction);
}

bool may_set_statement_timeout(const sql_statement& statement) {
  constexpr std::string_view setting = "statement_timeout";
  return has_in_any_letters(statement.sql, setting)
         || (has_in_any_letters(statement.sql, "set_config")
             && std::any_of(statement.parameters.begin(), statement.parameters.end(), [&](const sql_value& each) {
                  const auto* text = std::get_if<std::string>(&each);
                  return text != nullptr && has_in_any_letters(*text, setting);
                }));
}

bool calls_usual_functions_only(std::string_view sql) {
  sql_tokens tokens{sql};
  std::string_view before_last, last;
  for (auto token = tokens.next(); !token.empty(); token = tokens.next()) {
    const bool may_call = token == "(" && !last.empty() && (is_word(last.front()) || last.front() == '"');
    if (may_call && (before_last == "." || !is_one_of(last, harmless_before_parenthesis)))
      return false;
    before_last = std::exchange(last, token);
  }
  return true;
}

std::size_t line_of_transaction_statement(std::string_view script) {
  constexpr std::string_view words[]{"ABORT", "BEGIN", "COMMIT", "END", "ROLLBACK", "START"};
  sql_tokens tokens{script};
  statement_ends ends;
  std::string_view first; // of a statement that has gone on to its second word at most
  bool in_statement = false;
  bool in_trigger = false; // SQLite's: CREATE TRIGGER ... BEGIN ...; END
  std::string_view last;
  for (auto token = tokens.next(); !token.empty(); last = std::exchange(token, tokens.next())) {
    const bool ended = ends.is_end(token);
    const bool is_rollback_to = same_word(first, "ROLLBACK") && same_word(token, "TO");
    if (!first.empty() && !is_rollback_to && !same_word(token, "WORK") && !same_word(token, "TRANSACTION"))
      return line_of(first, script);
    if (ended) {
      first = {};
      in_statement = false;
    } else if (in_statement) {
      if (is_rollback_to)
        first = {};
      const bool is_function = same_word(last, "BEGIN") && same_word(token, "ATOMIC"); // whose end `ends` knows
      in_trigger = !is_function && (in_trigger || same_word(token, "BEGIN"));
    } else {
      in_statement = true;
      if (in_trigger && same_word(token, "END"))
        in_trigger = false;
      else if (!in_trigger && is_one_of(token, words))
        first = token;
    }
  }
  return first.empty() ? 0 : line_of(first, script);
}

std::size_t line_of_statement(std::string_view script, std::size_t number) {
  sql_tokens tokens{script};
  statement_ends ends;
  bool in_statement = false;
  std::size_t statements = 0;
  for (auto token = tokens.next(); !token.empty(); token = tokens.next()) {
    if (ends.is_end(token)) {
      in_statement = false;
      continue;
    }
    if (!in_statement && ++statements == number)
      return line_of(token, script);
    in_statement = true;
  }
  return 0;
}

void check_statement(const sql_statement& statement) {
  if (statement.sql.find('\0') != std::string::npos)
    throw error{errc::internal, "the SQL text holds a NUL character"};
  for (std::size_t i = 0; i < statement.parameters.size(); ++i)
    if (const auto* defect = defect_of_value(statement.parameters[i]))
      throw error{errc::invalid_argument, "parameter $" + std::to_string(i + 1) + ' ' + defect};
}

void check_cursor(const sql_statement& statement) {
  check_statement(statement);
  if (!only_reads(statement.sql))
    throw statement_error{errc::internal, "the database refused the statement",
                          "only what reads can be read in steps: SELECT, VALUES, TABLE, WITH"};
}

void check_copy(const sql_statement& rows) {
  const auto& values = rows.parameters;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (const auto* defect = defect_of_value(values[i]))
      throw error{errc::invalid_argument,
                  "row " + std::to_string(rows.steps.rows + i / rows.steps.columns + 1) + ", value "
                    + std::to_string(i % rows.steps.columns + 1) + ' ' + defect};
}

std::string one_line(std::string_view text) {
  constexpr std::size_t limit = 500;
  std::string out;
  for (auto c : text) {
    if (out.size() == limit)
      return out + "...";
    const bool blank = static_cast<unsigned char>(c) < 0x20 || c == ' ';
    if (!blank)
      out.push_back(c);
    else if (!out.empty() && out.back() != ' ')
      out.push_back(' ');
  }
  while (out.ends_with(' '))
    out.pop_back();
  return out;
}

std::optional<std::string> text_with_trace(const sql_statement& what) {
  if (!what.tells_trace || !what.trace)
    return std::nullopt;
  const auto verb = verb_of(what.sql);
  if (verb != sql_verb::reads && verb != sql_verb::changes_rows)
    return std::nullopt;
  // On a line of its own: the last one may end in a comment.
  return what.sql + "\n/*traceparent='" + std::string{what.trace->traceparent()} + "'*/";
}

} // namespace troupe::storage
