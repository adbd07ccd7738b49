// Reads the part of TOML 1.0 that settings need: tables, bare, quoted and dotted keys, strings on
// one line, whole numbers, true and false, and lists of these. Knows nothing of settings.
//
// CLI11 can read TOML too, but keeps neither line numbers nor types, accepts lines that are no
// TOML, and in version 2.1 cuts a quoted value at '#'.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

enum class toml_type {
  text,
  integer,
  boolean,
  list,
  other, // valid TOML that no setting takes: a fraction, a date
};

struct toml_value {
  toml_type type = toml_type::other;
  std::string text;              // a text without quotes, escapes resolved; of others as written
  std::vector<toml_value> items; // of a list
};

struct toml_entry {
  std::string section; // "" for the top level, "a.b" for nested tables
  std::string key;
  toml_value value;
  std::size_t line = 0; // from 1
};

struct toml_section {
  std::string name;
  std::size_t line = 0;
};

struct toml_document {
  std::vector<toml_section> sections;
  std::vector<toml_entry> entries;
};

/// what() is "found X, expected Y" or the like, without the place.
class toml_error : public std::runtime_error {
public:
  toml_error(std::size_t line, const std::string& what) : std::runtime_error(what), line_(line) {}

  std::size_t line() const noexcept { return line_; }

private:
  std::size_t line_;
};

/// @throws toml_error on a syntax error, on bytes that are no text, and on a key or table that is
/// given twice. Values never stand in what(): they may be secret.
toml_document read_toml(std::string_view text);

} // namespace troupe::config::detail
