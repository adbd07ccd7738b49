#pragma once

#include "actors/actor_options.hpp"
#include "actors/detail/cell_ref.hpp"
#include "actors/detail/timer.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::detail {

class event_loop;
class host;

/// Counts failures within a window and says how long to wait before the next attempt.
class restart_record {
public:
  /// Notes a failure; the wait before the restart, or none when there were too many.
  std::optional<std::chrono::milliseconds> failed(const restart_policy& policy);

private:
  std::deque<std::chrono::steady_clock::time_point> times_;
};

/// The actors of one supervisor, and the supervisors under it.
///
/// An actor that fails begins itself anew as its policy says (one_for_one). What is beyond that comes
/// here: a group is restarted as a whole, or its own supervisor is told; at the top the actor that has
/// spawned them fails. Its loop's thread only, but for `report`.
class supervision : public std::enable_shared_from_this<supervision> {
public:
  supervision(host& owner, supervisor_options how);
  /// Under another one.
  supervision(supervision& above, supervisor_options how);
  supervision(const supervision&) = delete;
  supervision& operator=(const supervision&) = delete;
  ~supervision();

  void add(const cell_ref& child);
  std::shared_ptr<supervision> add_group(supervisor_options how);

  /// Ends all of them, the last one first.
  void end_all() noexcept;

  enum class event { crashed, beyond_help, ended };
  /// From an actor of this supervisor; any loop's thread.
  static void report(const std::weak_ptr<supervision>& to, cell_ref child, event what,
                     std::string why);

  [[nodiscard]] event_loop& loop() const noexcept { return loop_; }
  [[nodiscard]] const supervisor_options& how() const noexcept { return how_; }
  [[nodiscard]] strategy rule() const noexcept { return how_.strategy; }
  [[nodiscard]] const std::vector<cell_ref>& actors() const noexcept { return actors_; }
  [[nodiscard]] const std::vector<std::shared_ptr<supervision>>& groups() const noexcept {
    return groups_;
  }
  [[nodiscard]] unsigned restarts() const noexcept { return restarts_; }
  [[nodiscard]] host* owner() const noexcept;
  /// Of the actor that has made it, and of the supervisors between: "orders", "orders/supervisor".
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  struct message;

  void handle(const cell_ref& child, event what, const std::string& why);
  /// `which` of the groups under this one; null: one of its own actors.
  void group_failed(supervision* which, const std::string& why);
  void restart_failed();
  void restart_all();
  void remove(const cell_ref& child);

  event_loop& loop_;
  host* owner_;                       // of the topmost one
  std::weak_ptr<supervision> above_;  // of the others
  supervisor_options how_;
  std::string path_;
  restart_record record_;
  std::vector<cell_ref> actors_;
  std::vector<std::shared_ptr<supervision>> groups_;
  unsigned restarts_ = 0;
  timer pause_;
  supervision* failed_ = nullptr; // restarted when `pause_` is over; null: all
};

} // namespace troupe::detail
