// Runs over the table: what it finds true holds for every setting, also for those to come.
#include "config/detail/definition.hpp"
#include "config/detail/values.hpp"
#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>
#include <map>
#include <set>

namespace troupe::config::test {
namespace {

using detail::flag_form;
using detail::setting;

// A value in range that is not the default, as text.
std::string other_value(const setting& target) {
  const auto& what = *target.what;
  if (std::holds_alternative<bool*>(target.where))
    return to_text(target) == "true" ? "false" : "true";
  if (std::holds_alternative<unsigned*>(target.where)) return std::to_string(what.high);
  if (std::holds_alternative<double*>(target.where)) return "0.25";
  if (std::holds_alternative<trace_source*>(target.where)) return "any";
  if (std::holds_alternative<std::size_t*>(target.where)) return std::to_string(what.high - 1);
  if (key_of(what) == "tls.hsts_max_age") return "1h"; // whole seconds
  if (std::holds_alternative<milliseconds*>(target.where))
    return std::to_string(what.low + 1) + "ms";
  if (std::holds_alternative<log_level*>(target.where)) return "trace";
  if (std::holds_alternative<log_format*>(target.where)) return "json";
  if (std::holds_alternative<cluster_io*>(target.where)) return "thread";
  if (std::holds_alternative<std::string*>(target.where))
    return what.secret == detail::secrecy::in_url ? "postgres://h/db" : "x-1_long-enough-too";
  if (std::holds_alternative<std::vector<network>*>(target.where)) return "10.0.0.0/8";
  if (std::holds_alternative<forwarded_fields*>(target.where)) return "x-forwarded";
  if (std::holds_alternative<proxy_protocol*>(target.where)) return "v2";
  if (std::holds_alternative<tls_version*>(target.where)) return "1.3";
  if (std::holds_alternative<client_certificate*>(target.where)) return "required";
  if (key_of(what) == "http.websocket_origins") return "https://a.example";
  return "[::1]:7777";
}

// What must stand beside a setting, which would be refused alone: keys and values.
std::map<std::string, std::string> companions(const std::string& key) {
  if (key == "http.proxy_protocol") return {{"http.trusted_proxies", "127.0.0.1"}};
  if (key == "storage.min_connections") return {{"storage.max_connections", "1000"}};
  if (key == "cluster.certificate") return {{"cluster.ca", "ca.pem"}};
  if (key == "cluster.ca") return {{"cluster.certificate", "a.pem"}};
  if (key == "cluster.key") return {{"cluster.certificate", "a.pem"}, {"cluster.ca", "ca.pem"}};
  if (key == "tls.client_ca")
    return {{"tls.certificates", "a.pem"}, {"tls.client_certificate", "required"}};
  if (key == "tls.client_certificate")
    return {{"tls.certificates", "a.pem"}, {"tls.client_ca", "ca.pem"}};
  if (key == "tls.keys" || key == "tls.redirect_from" || key == "tls.hsts_max_age")
    return {{"tls.certificates", "a.pem"}};
  return {};
}

std::string toml_of(const setting& target, const std::string& text) {
  if (is_list(target)) return "[\"" + text + "\"]";
  const bool is_bare =
      fits(target, detail::toml_type::boolean) || fits(target, detail::toml_type::integer);
  return is_bare ? text : '"' + text + '"';
}

texts as_flag(const setting& target, const std::string& text) {
  const auto flag = flag_of(*target.what);
  if (target.what->form == flag_form::value) return {flag, text};
  return {flag}; // a switch turns the default around, as other_value does
}

template <class Settings>
const Settings& settings_in(const command& result) {
  if constexpr (std::is_same_v<Settings, gateway_settings>)
    return std::get<gateway_command>(result).settings;
  else
    return std::get<worker_command>(result).settings;
}

bool is_hidden(const setting& target) {
  return target.what->secret == detail::secrecy::whole;
}

// The result has `text` in the setting numbered `index` and defaults in all others.
template <class Settings>
void expect_changed(const texts& arguments, const texts& environment, std::size_t index,
                    const std::string& text) {
  auto actual = settings_in<Settings>(run(arguments, environment));
  Settings defaults;
  const auto changed = detail::settings_of(actual);
  const auto unchanged = detail::settings_of(defaults);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const auto name = key_of(*changed[i].what);
    if (i == index)
      EXPECT_EQ(to_text(changed[i]), is_hidden(changed[i]) ? "****" : text) << name;
    else if (!is_list(changed[i]) && !companions(key_of(*changed[index].what)).contains(name))
      EXPECT_EQ(to_text(changed[i]), to_text(unchanged[i])) << name;
  }
}

template <class Settings>
void check_every_way(const std::string& role, const texts& needed) {
  Settings defaults;
  const auto table = detail::settings_of(defaults);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto& target = table[i];
    if (key_of(*target.what) == "storage.fallback") continue; // wants a second database: databases_test
    const auto text = other_value(target);
    texts base{role};
    if (!is_list(target)) base.insert(base.end(), needed.begin(), needed.end());
    const auto needed_too = companions(key_of(*target.what));
    for (const auto& other : table)
      if (const auto found = needed_too.find(key_of(*other.what)); found != needed_too.end())
        base.insert(base.end(), {flag_of(*other.what), found->second});
    auto flagged = base;
    for (const auto& argument : as_flag(target, text))
      flagged.push_back(argument);
    expect_changed<Settings>(flagged, {}, i, text);
    expect_changed<Settings>(base, {variable_of(*target.what) + '=' + text}, i, text);
    const temporary_file file('[' + std::string(target.what->section) + "]\n"
                              + std::string(target.what->key) + " = " + toml_of(target, text));
    auto with_file = base;
    with_file.insert(with_file.end(), {"--config", file.path()});
    expect_changed<Settings>(with_file, {}, i, text);
  }
}

TEST(every_setting, of_a_gateway_is_set_by_flag_variable_and_file) {
  check_every_way<gateway_settings>("gateway", {});
}

TEST(every_setting, of_a_worker_is_set_by_flag_variable_and_file) {
  check_every_way<worker_settings>("worker", {"--join", "127.0.0.1:4242"});
}

TEST(every_setting, has_names_of_its_own) {
  gateway_settings gateway;
  worker_settings worker;
  for (const auto& table : {detail::settings_of(gateway), detail::settings_of(worker)}) {
    std::set<std::string> names;
    for (const auto& target : table)
      for (const auto& name :
           {flag_of(*target.what), variable_of(*target.what), key_of(*target.what)})
        EXPECT_TRUE(names.insert(name).second) << name;
  }
}

std::string in_unit(const setting& target, long long number) {
  return std::to_string(number) + (std::holds_alternative<milliseconds*>(target.where) ? "ms" : "");
}

TEST(every_setting, with_a_range_takes_its_ends_and_nothing_beyond) {
  gateway_settings settings;
  for (const auto& target : detail::settings_of(settings)) {
    if (target.what->high == 0) continue;
    const auto [low, high] = std::pair(target.what->low, target.what->high);
    EXPECT_TRUE(assign(target, in_unit(target, low))) << key_of(*target.what);
    EXPECT_TRUE(assign(target, in_unit(target, high))) << key_of(*target.what);
    EXPECT_FALSE(assign(target, in_unit(target, low - 1))) << key_of(*target.what);
    EXPECT_FALSE(assign(target, in_unit(target, high + 1))) << key_of(*target.what);
  }
}

TEST(every_setting, accepts_its_default_and_says_what_it_expects) {
  gateway_settings gateway;
  worker_settings worker;
  for (const auto& table : {detail::settings_of(gateway), detail::settings_of(worker)}) {
    for (const auto& target : table) {
      EXPECT_FALSE(target.what->help.empty()) << key_of(*target.what);
      EXPECT_FALSE(expected(target).empty()) << key_of(*target.what);
      EXPECT_FALSE(hint(target).empty()) << key_of(*target.what);
      if (!is_list(target)) EXPECT_TRUE(assign(target, to_text(target))) << key_of(*target.what);
    }
  }
}

} // namespace
} // namespace troupe::config::test
