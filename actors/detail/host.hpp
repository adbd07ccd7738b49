#pragma once

#include "actors/detail/activity.hpp"
#include "actors/detail/actor_view.hpp"
#include "actors/detail/node_services.hpp"
#include "actors/detail/timer.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace troupe::detail {

class courier;
class event_loop;
class spawned_base;
class supervision;

/// What an actor that runs coroutines offers to them. One loop's thread only.
class host {
public:
  host(event_loop& loop, node_services_ptr node);
  host(const host&) = delete;
  host& operator=(const host&) = delete;

  [[nodiscard]] event_loop& loop() const noexcept { return loop_; }
  [[nodiscard]] const node_services_ptr& services() const noexcept { return node_; }
  [[nodiscard]] const node_services& node() const noexcept { return *node_; }
  [[nodiscard]] timer_queue& timers() const noexcept;
  [[nodiscard]] detail::courier& courier() const noexcept;

  /// Of what runs on the loop now.
  [[nodiscard]] std::optional<trace_context> trace() const;

  /// As it stands in logs and in /_troupe/actors.
  [[nodiscard]] virtual std::string host_name() const = 0;

  [[nodiscard]] virtual actor_view view() const = 0;

  /// It answers requests of a service.
  [[nodiscard]] virtual bool is_service() const noexcept { return false; }

  /// Supervises the actors that this one spawns; made at the first call.
  [[nodiscard]] supervision& children();
  /// The same; null when nothing was spawned yet.
  [[nodiscard]] const supervision* present_children() const noexcept { return children_.get(); }

  /// A child was lost for good: its supervisor could not help. The actor itself has failed then.
  virtual void child_lost(const std::string& why) = 0;

  // -- for who lists them -----------------------------------------------------------------------------

  [[nodiscard]] spawned_base* first_spawned() const noexcept { return first_spawned_; }
  /// The next one of those that the loop lists; null for the last.
  [[nodiscard]] host* next_host() const noexcept { return next_host_; }

protected:
  ~host();

  /// The loop lists it: from its first message to its end.
  void enlist() noexcept;
  void unlist() noexcept;

  /// Destroys what the actor has spawned, tasks and actors.
  void end_children(const char* why) noexcept;
  [[nodiscard]] bool has_children() const noexcept {
    return first_spawned_ != nullptr || children_ != nullptr;
  }

private:
  friend class spawned_base;

  event_loop& loop_;
  node_services_ptr node_;
  spawned_base* first_spawned_ = nullptr;
  std::shared_ptr<supervision> children_;
  host* next_host_ = nullptr;
  host* previous_host_ = nullptr;
  bool listed_ = false;
};

} // namespace troupe::detail
