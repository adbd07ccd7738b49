#include "node/detail/ask_gateway.hpp"

#include "gateway/admin_client.hpp"
#include "node/detail/node_base.hpp"
#include "node/detail/print.hpp"
#include "node/detail/text_table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

namespace troupe::detail {

namespace {

using json = nlohmann::ordered_json;
using gateway::admin_client;
using gateway::admin_error;
using subject = config::gateway_question::subject;

std::string joined(const json& names) {
  std::string out;
  for (const auto& each : names)
    out += (out.empty() ? "" : ", ") + each.get<std::string>();
  return out;
}

std::string count_in(const json& of, const char* key) {
  return short_count(of.at(key).get<std::uint64_t>());
}

std::string table_of_nodes(const json& answer) {
  text_table out{{{"NODE"}, {"KIND"}, {"LOOPS", true}, {"IN WORK", true}, {"ANSWERED", true},
                  {"ROUTES", true}, {"SERVICES"}}};
  for (const auto& each : answer.at("nodes")) {
    std::size_t routes = 0;
    auto services = json::array();
    for (const auto& service : each.at("services")) {
      routes += service.at("routes").size();
      services.push_back(service.at("name"));
    }
    out.add({each.at("name"), each.at("local").get<bool>() ? "gateway" : "worker",
             count_in(each, "capacity"), count_in(each, "outstanding"), count_in(each, "answered"),
             short_count(routes), joined(services)});
  }
  return out.text();
}

std::string table_of_routes(const json& answer) {
  text_table out{{{"METHOD"}, {"PATTERN"}, {"SERVICE"}, {"NODES"}}};
  for (const auto& each : answer.at("routes")) {
    const auto name = each.at("route").get<std::string>();
    const auto blank = std::min(name.find(' '), name.size());
    const auto note = each.at("singleton").get<bool>() ? " (singleton)" : "";
    out.add({name.substr(0, blank), name.substr(std::min(blank + 1, name.size())),
             each.at("service").get<std::string>() + note, joined(each.at("nodes"))});
  }
  return out.text();
}

std::string table_of_actors(const json& answer) {
  text_table out{{{"NAME"}, {"KIND"}, {"STATE"}, {"LOOP", true}, {"MAILBOX", true}, {"HANDLED", true},
                  {"RESTARTS", true}, {"AGE", true}, {"SUPERVISOR"}}};
  for (const auto& each : answer.at("actors"))
    out.add({each.at("name"), each.at("kind"), each.at("state"), count_in(each, "loop"),
             count_in(each, "mailbox"), count_in(each, "handled"), count_in(each, "restarts"),
             short_time(std::chrono::milliseconds{each.at("age_ms").get<std::int64_t>()}),
             each.at("supervisor")});
  const auto total = answer.at("total").get<std::size_t>();
  const auto shown = answer.at("actors").size();
  return out.text() + (shown < total ? fmt::format("{} of {} actors\n", shown, total) : "");
}

/// Asks, and tells what is wrong with the answer.
class gateway_asker {
public:
  explicit gateway_asker(const config::gateway_question& what)
    : where_(to_string(what.admin)), has_token_(!what.admin_token.empty()),
      client_(what.admin, what.admin_token) {}

  [[nodiscard]] json get(const std::string& target) const {
    const auto got = client_.get(target);
    if (got.status != 200 && got.status != 401)
      throw admin_error{fmt::format("{} is no admin address of a gateway: it answers {} to GET {}", where_,
                                    got.status, target)};
    return checked(got);
  }

  [[nodiscard]] json post(const std::string& target) const { return checked(client_.post(target)); }

  [[nodiscard]] const std::string& where() const noexcept { return where_; }

private:
  [[nodiscard]] json checked(const admin_client::answer& got) const {
    if (got.status == 401)
      throw admin_error{where_
                        + (has_token_ ? " refuses the token: is it the one of its gateway.admin_token?"
                                      : " wants a token: --admin-token, or TROUPE_ADMIN_TOKEN")};
    auto body = json::parse(got.body, nullptr, false);
    if (!body.is_object())
      throw admin_error{where_ + " is no admin address of a gateway: its answer is no JSON"};
    if (got.status >= 300)
      throw admin_error{fmt::format("{} refuses: {}", where_, body.value("detail", std::to_string(got.status)))};
    return body;
  }

  std::string where_;
  bool has_token_;
  admin_client client_;
};

/// What is printed of an answer.
using shape = std::string (*)(const json&);

std::string look(const gateway_asker& gateway, const char* target, shape as_table, bool as_json) {
  const auto answer = gateway.get(target);
  if (as_json)
    return answer.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
  try {
    return as_table(answer);
  } catch (const json::exception&) {
    throw admin_error{gateway.where() + " answers GET " + target + " as no gateway of this version does"};
  }
}

int watch(const gateway_asker& gateway, const char* target, shape as_table, const config::gateway_question& what) {
  stop_signal stop;
  const auto* clear = isatty(STDOUT_FILENO) != 0 ? "\x1b[H\x1b[2J" : "";
  auto text = look(gateway, target, as_table, what.json); // what fails now would fail for ever
  for (;;) {
    if (print(clear + text, 0) != 0)
      return exit_failure;
    if (stop.wait_for(std::chrono::seconds{*what.watch}))
      return 0;
    try {
      text = look(gateway, target, as_table, what.json);
    } catch (const admin_error& e) {
      text = fmt::format("{}\n", e.what());
    }
  }
}

int print_answer(const config::gateway_question& what, const char* target, shape as_table) {
  const gateway_asker gateway{what};
  if (what.watch)
    return watch(gateway, target, as_table, what);
  return print(look(gateway, target, as_table, what.json), 0);
}

int drain(const config::gateway_question& what) {
  const gateway_asker gateway{what};
  static_cast<void>(gateway.get("/_troupe/nodes")); // elsewhere the next one might mean something
  const auto answer = gateway.post("/_troupe/nodes/" + gateway::percent_encoded(what.node) + "/drain");
  if (what.json)
    return print(answer.dump(2) + '\n', 0);
  const auto asked = answer.value("asked", std::size_t{1});
  return print(asked == 1 ? fmt::format("node {} is draining\n", what.node)
                          : fmt::format("{} nodes of the name {} are draining\n", asked, what.node),
               0);
}

} // namespace

int ask_gateway(const config::gateway_question& what) {
  switch (what.about) {
  case subject::nodes: return print_answer(what, "/_troupe/nodes", table_of_nodes);
  case subject::routes: return print_answer(what, "/_troupe/routes", table_of_routes);
  case subject::actors: return print_answer(what, "/_troupe/actors", table_of_actors);
  case subject::drain: return drain(what);
  }
  return exit_failure;
}

} // namespace troupe::detail
