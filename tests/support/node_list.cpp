#include "tests/support/node_list.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"

#include <algorithm>
#include <stdexcept>

namespace troupe::test {

namespace {

listed_node parse_node(const nlohmann::json& from) {
  listed_node result;
  from.at("name").get_to(result.name);
  from.at("local").get_to(result.local);
  from.at("capacity").get_to(result.capacity);
  from.at("outstanding").get_to(result.outstanding);
  from.at("answered").get_to(result.answered);
  for (const auto& service : from.at("services")) {
    auto& entry = result.services.emplace_back();
    service.at("name").get_to(entry.name);
    service.at("singleton").get_to(entry.singleton);
    service.at("routes").get_to(entry.routes);
  }
  return result;
}

} // namespace

const listed_service* listed_node::service(const std::string& wanted) const {
  auto found = std::find_if(services.begin(), services.end(),
                            [&](const auto& entry) { return entry.name == wanted; });
  return found == services.end() ? nullptr : &*found;
}

std::vector<listed_node> nodes_of(const gateway& where) {
  auto response = get(where.admin_port(), "/_troupe/nodes");
  if (response.status != 200)
    throw std::runtime_error{"GET /_troupe/nodes: " + std::to_string(response.status)};
  std::vector<listed_node> result;
  auto listed = response.json();
  for (const auto& entry : listed.at("nodes"))
    result.push_back(parse_node(entry));
  return result;
}

std::optional<listed_node> find_node(const gateway& where, const std::string& name) {
  for (auto& entry : nodes_of(where))
    if (entry.name == name)
      return std::move(entry);
  return std::nullopt;
}

bool wait_for_nodes(const gateway& where, const std::vector<std::string>& names,
                    milliseconds limit) {
  return eventually(
      [&] {
        auto listed = nodes_of(where);
        return std::all_of(names.begin(), names.end(), [&](const auto& name) {
          return std::any_of(listed.begin(), listed.end(),
                             [&](const auto& entry) { return entry.name == name; });
        });
      },
      limit);
}

bool wait_until_gone(const gateway& where, const std::string& name, milliseconds limit) {
  return eventually([&] { return !find_node(where, name); }, limit);
}

std::int64_t outstanding(const gateway& where) {
  std::int64_t sum = 0;
  for (const auto& entry : nodes_of(where))
    sum += entry.outstanding;
  return sum;
}

} // namespace troupe::test
