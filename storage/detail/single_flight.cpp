#include "storage/detail/single_flight.hpp"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace troupe::storage {

namespace {

void append(std::string& to, const std::string& text) {
  to += std::to_string(text.size());
  to += ':';
  to += text;
}

template <class Number>
void append_bytes(std::string& to, Number number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append(std::string& to, const sql_value& each) {
  to += static_cast<char>(each.index());
  std::visit(
    [&to](const auto& value) {
      using type = std::decay_t<decltype(value)>;
      if constexpr (std::is_same_v<type, std::string>) {
        append(to, value);
      } else if constexpr (std::is_same_v<type, blob>) {
        append(to, value.bytes);
      } else if constexpr (std::is_same_v<type, sql_array>) {
        append_bytes(to, value.elements.size());
        for (const auto& element : value.elements)
          append(to, element);
      } else if constexpr (std::is_arithmetic_v<type>) {
        append_bytes(to, value);
      } else if constexpr (!std::is_same_v<type, std::monostate>) {
        append(to, value.text);
      }
    },
    each);
}

/// The same for the same statement with the same values, of the same types, and for no other.
std::string key_of(const sql_statement& what) {
  std::string out;
  append(out, what.sql);
  for (const auto& each : what.parameters)
    append(out, each);
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
