#pragma once

#include "actors/detail/courier.hpp"
#include "actors/detail/key_loader.hpp"
#include "actors/detail/key_rows.hpp"

#include <cstddef>
#include <list>
#include <span>
#include <string>
#include <vector>

namespace troupe::detail {

/// A statement for several keys that is under way, and who waits for it.
class key_flight final : public reply_receiver {
public:
  /// `alone`: for one key, so that all rows are its own, whatever they look like.
  key_flight(key_group& of, courier& through, bool alone) : reply_receiver(through), of_(of), alone_(alone) {}
  ~key_flight();

  void add(key_read& who);
  void send();
  void on_reply(reply&& value) override;
  /// One of those that waited does not any more.
  void on_leave();

  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
  [[nodiscard]] bool is_alone() const noexcept { return alone_; }

private:
  void hand_out(sql_result&& found);
  [[nodiscard]] std::vector<key_read::outcome> outcomes_of(sql_result&& found, std::size_t column);
  void send_in_halves();
  void tell_all(const key_read::outcome& what);
  key_read& pop() noexcept;

  key_group& of_;
  bool alone_;
  wait_list waiting_;
  key_set keys_;
};

/// The reads of one statement, which differ in nothing but the key.
class key_group {
public:
  key_group(key_loader& in, std::string name, const key_read& first);

  void join(key_read& who);
  /// In a statement of its own.
  void send_alone(key_read& who);
  void send_together(std::span<key_read* const> all);
  void send_gathered();
  /// It has come back, or nobody waits for it.
  void end(const key_flight& which);

  [[nodiscard]] sql_statement statement_for(const key_set& keys) const;
  [[nodiscard]] const std::string& key_column() const noexcept { return pattern_.key_column; }
  [[nodiscard]] const actor_address& database() const noexcept { return database_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool is_used() const noexcept { return !gathering_.empty() || !flights_.empty(); }

  /// At the same time: a second one when as many wait as the first one has, and `many_keys`; further ones when
  /// those that wait are twice as many as the largest has.
  static constexpr std::size_t most_flights = 4;
  static constexpr std::size_t most_keys = 1000;

private:
  void send(std::span<key_read* const> all, bool alone);
  [[nodiscard]] std::size_t keys_of_next() const noexcept;

  key_loader& loader_;
  std::string name_;
  sql_statement pattern_; // its first parameter is some key
  actor_address database_;
  courier& through_;
  wait_list gathering_;
  std::size_t gathered_ = 0; // some of these may have left
  std::list<key_flight> flights_;
};

} // namespace troupe::detail
