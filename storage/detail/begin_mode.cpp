#include "storage/detail/begin_mode.hpp"

#include "storage/detail/sql_text.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::storage {

namespace {

/// The words of a statement, one after the other.
class keywords {
public:
  explicit keywords(std::string_view sql) : tokens_(sql), now_(tokens_.next()) {}

  /// Goes on behind the word if it is this one.
  bool take(std::string_view upper) {
    if (!is(upper))
      return false;
    now_ = tokens_.next();
    return true;
  }

  /// Whether there is nothing more, a semicolon apart.
  bool at_end() {
    take(";");
    return now_.empty();
  }

private:
  [[nodiscard]] bool is(std::string_view upper) const {
    return std::equal(now_.begin(), now_.end(), upper.begin(), upper.end(), [](char a, char b) {
      return std::toupper(static_cast<unsigned char>(a)) == b;
    });
  }

  sql_tokens tokens_;
  std::string_view now_;
};

bool take_level(keywords& words) {
  if (words.take("READ"))
    return words.take("COMMITTED") || words.take("UNCOMMITTED");
  if (words.take("REPEATABLE"))
    return words.take("READ");
  return words.take("SERIALIZABLE");
}

/// False: there is none, or not one of the standard.
bool take_mode(keywords& words, begin_mode& into) {
  if (words.take("ISOLATION"))
    return words.take("LEVEL") && take_level(words);
  if (!words.take("READ"))
    return false;
  into.read_only = words.take("ONLY");
  return into.read_only || words.take("WRITE");
}

} // namespace

std::optional<begin_mode> mode_of_begin(std::string_view sql) {
  keywords words{sql};
  if (!words.take("BEGIN"))
    return std::nullopt;
  if (!words.take("TRANSACTION"))
    words.take("WORK");
  begin_mode out;
  while (!words.at_end()) {
    words.take(",");
    if (!take_mode(words, out))
      return std::nullopt;
  }
  return out;
}

} // namespace troupe::storage
