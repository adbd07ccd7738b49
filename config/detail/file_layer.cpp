#include "config/detail/database_names.hpp"
#include "config/detail/layers.hpp"
#include "config/detail/toml.hpp"
#include "config/detail/values.hpp"
#include "config/detail/wording.hpp"
#include "config/error.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::config::detail {
namespace {

std::string as_written(const toml_value& value) {
  if (value.type == toml_type::list) return "a list";
  return value.type == toml_type::text ? in_quotes(value.text) : on_one_line(value.text);
}

// As written, but secrets stay hidden.
std::string found_in_file(const setting& target, const toml_value& value) {
  const bool is_open = target.what->secret == secrecy::none;
  return value.type == toml_type::list || is_open ? as_written(value) : found(target, value.text);
}

// What to change when the value has the wrong type.
std::string_view advice(const setting& target, toml_type type) {
  if (fits(target, type)) return "";
  if (type == toml_type::list) return ", not a list";
  if (fits(target, toml_type::text)) return ", in quotes";
  return type == toml_type::text ? ", without quotes" : "";
}

class file_layer {
public:
  file_layer(layered_settings& settings, const std::string& path)
      : settings_(settings), path_(on_one_line(path, longest_path)) {
    for (const auto* role : {&settings_.own, &settings_.other})
      for (const auto& known : *role)
        add_name(known);
  }

  void apply(const toml_document& document) {
    for (const auto& section : document.sections)
      check_section(section.name, section.line);
    for (const auto& entry : document.entries) {
      if (entry.section.empty()) refuse_without_section(entry);
      check_section(entry.section, entry.line);
      if (entry.section == databases_section) refuse_without_name(entry);
      const bool is_own = apply(settings_.own, entry);
      if (is_own) settings_.from[name_of(entry)] = {source::file, place(entry.line)};
      if (!apply(settings_.other, entry) && !is_own) refuse_unknown_key(entry);
    }
  }

private:
  static std::string name_of(const toml_entry& entry) { return entry.section + '.' + entry.key; }

  std::string place(std::size_t line) const { return fmt::format("{}:{}", path_, line); }

  std::string place(const toml_entry& entry) const {
    return fmt::format("{}: {}", place(entry.line), on_one_line(name_of(entry)));
  }

  void add_name(const setting& known) {
    const std::string section(known.what->section);
    if (std::find(sections_.begin(), sections_.end(), section) == sections_.end())
      sections_.push_back(section);
    keys_.push_back(key_of(*known.what));
  }

  void check_section(const std::string& name, std::size_t line) const {
    if (std::find(sections_.begin(), sections_.end(), name) != sections_.end()) return;
    if (name == databases_section) return; // above keys such as reports.url
    const auto hint = suggestion(name, sections_);
    throw config_error(fmt::format("{}: unknown section [{}]{}", place(line), on_one_line(name),
                                   hint.empty() ? ", expected " + any_of_them(sections_) : hint));
  }

  [[noreturn]] void refuse_without_section(const toml_entry& entry) const {
    throw config_error(fmt::format("{}: key {} stands in no section, expected it under one of {}",
                                   place(entry.line), on_one_line(entry.key),
                                   any_of_them(sections_)));
  }

  [[noreturn]] void refuse_without_name(const toml_entry& entry) const {
    throw config_error(place(entry), "a key of no database",
                       "it in the section of one, such as [databases.reports]");
  }

  [[noreturn]] void refuse_unknown_key(const toml_entry& entry) const {
    auto known = keys_;
    std::erase_if(known, [&](auto& key) { return !key.starts_with(entry.section + '.'); });
    auto hint = suggestion(name_of(entry), known);
    if (hint.empty()) hint = suggestion(name_of(entry), keys_);
    throw config_error(fmt::format("{}: unknown key{}", place(entry),
                                   hint.empty() ? ", expected " + any_of_them(known) : hint));
  }

  // False when the role has no such setting.
  bool apply(const std::vector<setting>& role, const toml_entry& entry) const {
    const auto target = std::find_if(role.begin(), role.end(), [&](auto& candidate) {
      return candidate.what->section == entry.section && candidate.what->key == entry.key;
    });
    if (target == role.end()) return false;
    if (is_list(*target))
      apply_list(*target, entry);
    else
      apply_value(*target, entry);
    return true;
  }

  void apply_list(const setting& target, const toml_entry& entry) const {
    const auto form = "a list of texts, each " + expected(target);
    if (entry.value.type != toml_type::list)
      throw config_error(place(entry), as_written(entry.value), form);
    if (entry.value.items.empty() && !target.what->may_be_empty)
      throw config_error(place(entry), "an empty list", form);
    clear_list(target);
    for (const auto& item : entry.value.items)
      if (item.type != toml_type::text || !assign(target, item.text))
        throw config_error(place(entry), as_written(item), form);
  }

  void apply_value(const setting& target, const toml_entry& entry) const {
    const auto& value = entry.value;
    if (fits(target, value.type) && assign(target, value.text)) return;
    throw config_error(place(entry), found_in_file(target, value),
                       expected(target).append(advice(target, value.type)));
  }

  layered_settings& settings_;
  std::string path_;
  std::vector<std::string> sections_;
  std::vector<std::string> keys_;
};

} // namespace

toml_document read_document(const std::string& path, std::string_view content) {
  try {
    return read_toml(content);
  } catch (const toml_error& error) {
    throw config_error(
        fmt::format("{}:{}: {}", on_one_line(path, longest_path), error.line(), error.what()));
  }
}

void apply_file(layered_settings& settings, const std::string& path, const toml_document& document) {
  file_layer(settings, path).apply(document);
}

} // namespace troupe::config::detail
