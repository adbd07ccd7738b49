#include "storage/detail/single_flight.hpp"

#include "actors/messages/sql_key.hpp"

#include <algorithm>

namespace troupe::storage {

namespace {

/// The same for the same statement with the same values, of the same types, and for no other.
std::string key_of(const sql_statement& what) {
  std::string out;
  append_key(out, what.sql);
  append_key(out, what.parameters);
  return out;
}

} // namespace

std::optional<std::uint64_t> single_flight::join(const sql_statement& what, waiter who) {
  auto key = key_of(what);
  const auto [found, is_new] = by_key_.try_emplace(key, begun_ + 1);
  const auto number = found->second;
  auto& to = flights_[number];
  by_waiter_[place_of(who)] = number;
  to.waiting.push_back(std::move(who));
  if (!is_new)
    return std::nullopt;
  begun_ = number;
  to.key = std::move(key);
  return number;
}

std::vector<single_flight::waiter> single_flight::land(std::uint64_t number) {
  const auto found = flights_.find(number);
  if (found == flights_.end())
    return {};
  auto out = std::move(found->second.waiting);
  for (const auto& each : out)
    by_waiter_.erase(place_of(each));
  by_key_.erase(found->second.key);
  flights_.erase(found);
  return out;
}

single_flight::departure single_flight::leave(const waiter& who) {
  const auto known = by_waiter_.find(place_of(who));
  if (known == by_waiter_.end())
    return {};
  const auto number = known->second;
  by_waiter_.erase(known);
  auto& waiting = flights_.at(number).waiting;
  std::erase_if(waiting, [&](const waiter& each) { return place_of(each) == place_of(who); });
  if (!waiting.empty())
    return {true, std::nullopt};
  static_cast<void>(land(number));
  return {true, number};
}

} // namespace troupe::storage
