#pragma once

// Behind class context, so by way of actors/context.hpp.
#include "actors/actor_options.hpp"
#include "actors/detail/cell_kind.hpp"
#include "actors/detail/host.hpp"
#include "actors/detail/letter.hpp"
#include "actors/detail/supervision.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace troupe::detail {

/// The part of a stateful actor that does not depend on its state's type: mailbox, one message at a
/// time, failures, end.
///
/// Not an actor of CAF's: a message to it is a call where both share a loop and nobody is before it,
/// else a link in a list. The memory lives as long as somebody refers to it; all else ends with it, on
/// its own loop. Thread: its loop's, but for the reference count and what is said to be for any.
class alignas(64) state_cell : public host {
public:
  state_cell(event_loop& loop, node_services_ptr node, std::shared_ptr<const cell_kind> kind);
  virtual ~state_cell();

  // -- any thread --------------------------------------------------------------------------------------

  void add_reference() noexcept {
    if (is_home() && spare_references_ > 0)
      --spare_references_;
    else
      references_.fetch_add(1, std::memory_order_relaxed);
  }
  void drop_reference() noexcept {
    if (is_home() && phase_ != phase::ended)
      keep_reference();
    else if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  /// Calls `(this->*what)()` on its loop, from the bottom of the stack: now or soon.
  void order(void (state_cell::*what)());
  /// The same, never now.
  void order_soon(void (state_cell::*what)());

  // -- its loop's thread -------------------------------------------------------------------------------

  /// Takes `what` over. It is handled at once when `at_once` and nothing is before it.
  void receive(letter& what, bool at_once);

  /// Takes `what` out of the mailbox and frees it: nobody waits for its answer any more.
  void withdraw(letter& what) noexcept;

  /// `begin_life` at once where this is its loop, else there.
  void come_alive();
  /// Makes its state; the first thing that happens to it.
  void begin_life();
  /// Ends it: what waits is answered with errc::unavailable, the state is destroyed.
  void end_life();
  /// Makes its state anew; what waits stays.
  void begin_anew();
  /// The same for all of its group: its own failures are forgotten.
  void begin_anew_with_group();
  /// Takes its state and work from it, until it is begun anew with its group.
  void hold();

  /// The coroutine of a message has ended, not at once.
  void letter_ended(letter& what);

  /// Runs the messages of the first cell of a loop's list of ready ones.
  static void run_scheduled(state_cell*& first);
  static void append(state_cell*& first, state_cell*& last, state_cell& cell) noexcept;

  /// When one of both fails, so does the other; as long as both live.
  void link_to(const cell_ref& other);

  /// Tells `who` of its end: once.
  void watch(std::shared_ptr<end_watcher> who);
  void put_under(std::weak_ptr<supervision> by) noexcept { supervisor_ = std::move(by); }

  /// Something keeps its state elsewhere: loads it before the first message, saves it after each.
  void keep_state_by(std::unique_ptr<state_keeper> keeper);
  /// Saves what is to be saved, then ends; for an actor that nobody has asked for some time.
  void retire();

  [[nodiscard]] std::string host_name() const override;
  [[nodiscard]] actor_view view() const override;
  void child_lost(const std::string& why) override;

  [[nodiscard]] const cell_kind& kind() const noexcept { return *kind_; }
  [[nodiscard]] bool ended() const noexcept { return phase_ == phase::ended; }
  /// It handles messages: has not ended, nor failed and waits to be begun anew.
  [[nodiscard]] bool alive() const noexcept { return phase_ == phase::alive; }
  [[nodiscard]] bool idle() const noexcept {
    return running_ == nullptr && waiting_first_ == nullptr && !saving_;
  }
  [[nodiscard]] context& own_context() noexcept { return context_; }

  /// Its place among the actors of its supervisor; for that one alone.
  std::uint32_t place = 0;

protected:
  virtual void* state() noexcept = 0;
  virtual void make_state() = 0;
  virtual void destroy_state() noexcept = 0;

private:
  enum class phase : std::uint8_t { unborn, loading, alive, paused, ended };
  struct rarely_used;
  struct link_news;

  void run_some();
  [[nodiscard]] bool may_begin() const noexcept {
    return phase_ == phase::alive && !saving_ && (running_ == nullptr || kind_->options.reentrant);
  }
  void unlink_waiting(letter& what) noexcept;
  [[nodiscard]] letter& take_next() noexcept;
  void handle(letter& what);
  void conclude(letter& what);
  void conclude_all_done();
  void drop_running(const failure& why) noexcept;
  void drop_waiting(const failure& why) noexcept;
  void refuse(letter& what);
  void drop_given_up() noexcept;
  void reschedule();
  void load();
  void save();
  void loaded();
  void saved();
  /// `incident`: of the linked actor whose failure this is; 0: a failure of its own.
  void crash(const std::string& why, std::uint64_t incident = 0);
  void clear_after_crash();
  void clear(const char* why) noexcept;
  void give_up_change();
  void reload();
  void restart_in(std::chrono::milliseconds delay);
  void tell_watchers(const std::string& why) noexcept;
  void tell_linked(std::uint64_t incident, const std::string& why);
  void tell_linked_one(const cell_ref& other, std::uint64_t incident, const std::string& why);
  void linked_failed(const state_cell& other, std::uint64_t incident, const std::string& why);
  void linked_ended(const state_cell& other) noexcept;
  rarely_used& rare();

  /// On its own loop a reference that is dropped is kept for the next one: the count is what other
  /// loops that send to it write, and the two are not to fight for it. Until its end somebody else always
  /// has one.
  [[nodiscard]] bool is_home() const noexcept { return &loop() == current_event_loop(); }
  void keep_reference() noexcept {
    constexpr std::uint32_t most = 1U << 20U;
    if (++spare_references_ == most)
      references_.fetch_sub(std::exchange(spare_references_, 1) - 1, std::memory_order_relaxed);
  }
  void give_up_spare_references() noexcept {
    references_.fetch_sub(std::exchange(spare_references_, 0), std::memory_order_acq_rel);
  }

  // Written by those who send, beside what is seldom used; what the loop uses has lines of its own.
  std::atomic<std::uint32_t> references_{0};
  std::uint32_t restarts_ = 0;
  std::weak_ptr<supervision> supervisor_;
  std::chrono::steady_clock::time_point born_;

  alignas(64) std::shared_ptr<const cell_kind> kind_;
  context context_;
  activity self_;
  letter* waiting_first_ = nullptr;
  letter* waiting_last_ = nullptr;
  letter* running_ = nullptr; // the first of a list: more than one only in a reentrant actor
  state_cell* next_ready_ = nullptr;
  std::unique_ptr<rarely_used> rare_;
  std::uint64_t handled_ = 0;
  std::uint32_t length_ = 0;
  std::uint32_t spare_references_ = 0;
  phase phase_ = phase::unborn;
  bool scheduled_ = false;
  bool saving_ = false;
  bool some_done_ = false;
};

} // namespace troupe::detail
