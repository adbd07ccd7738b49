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
  std::optional<std::chrono::milliseconds> failed(
    const restart_policy& policy,
    std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

private:
  std::deque<std::chrono::steady_clock::time_point> times_;
};

/// The actors of one supervisor, and the supervisors under it.
///
/// An actor that fails begins itself anew as its own policy says (one_for_one). What is beyond that, and
/// every failure in an all_for_one group, fails the group: all in it are begun anew as the group's policy
/// says. What is beyond that fails the group above it; at the top the actor that has spawned them fails.
/// Its loop's thread only, but for `report`.
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
  /// It waits to be begun anew.
  [[nodiscard]] bool paused() const noexcept { return pause_.armed(); }
  [[nodiscard]] std::chrono::steady_clock::time_point born() const noexcept { return born_; }
  [[nodiscard]] unsigned restarts() const noexcept { return restarts_; }
  [[nodiscard]] host* owner() const noexcept;
  /// Of the actor that has made it, and of the supervisors between: "orders", "orders/supervisor".
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  struct message;

  void handle(const cell_ref& child, event what, const std::string& why);
  void group_beyond_help(supervision& which, const std::string& why);
  void fail_owner(const std::string& for_whom, const std::string& why);
  void fail(const std::string& why);
  [[nodiscard]] bool held() const noexcept;
  void hold_all();
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
  std::size_t sweep_at_ = 16;
  std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
  unsigned restarts_ = 0;
  timer pause_; // armed: all of it waits to be begun anew
};

} // namespace troupe::detail
