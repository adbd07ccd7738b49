#include "storage/detail/database_actor.hpp"

#include "storage/database.hpp"
#include "storage/detail/connection_actor.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace troupe::storage {

using std::chrono::steady_clock;
using troupe::detail::deliver;

namespace {

/// What running statements get to finish when the actor is told to end.
constexpr std::chrono::seconds stop_grace{5};

constexpr const char* shutting_down = "the node is shutting down";

} // namespace

database_actor::database_actor(caf::actor_config& config, troupe::detail::event_loop& loop,
                               config::storage_settings settings)
  : pinned_actor(config, loop), settings_(std::move(settings)), slots_(settings_.max_connections) {
  set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  set_exit_handler([this](const caf::exit_msg& exit) { stop(exit.reason); });
}

caf::behavior database_actor::make_behavior() {
  return {
    [this](call_id call, sql_statement& statement) { submit(call, 0, std::move(statement)); },
    [this](call_id call, sql_acquire) {
      if (current_sender()) // nobody could ever release it otherwise
        submit(call, ++leases_granted_, {});
    },
    [this](call_id call, pool_statistics_request) {
      const auto [waiting, idle] = queue_->count();
      // A connection may be idle before its message that it is open has arrived.
      const auto open = std::max(count(state::open), idle);
      deliver(current_sender(), nullptr, call, pool_statistics{open - idle, idle, waiting});
    },
    [this](connection_opened& message) { on_opened(message); },
    [this](const connection_lost& message) { on_lost(message); },
  };
}

void database_actor::on_exit() {
  retry_.disarm();
  expiry_.disarm();
  grace_.disarm();
  slots_.clear();
}

void database_actor::submit(call_id call, std::uint64_t lease, sql_statement statement) {
  pool_job job{current_sender(), call, steady_clock::now() + settings_.acquire_timeout, lease,
               std::move(statement)};
  if (stopping_)
    return reject(job, shutting_down);
  if (const auto idle = queue_->push(job))
    return deliver(caf::actor_cast<caf::strong_actor_ptr>(slots_[*idle].actor), nullptr,
                   std::move(job));
  arm_expiry();
  open_more();
}

void database_actor::reject(const pool_job& job, const std::string& why) const {
  deliver(job.requester, nullptr, job.call, failure{errc::unavailable, why});
}

void database_actor::open_more() {
  if (away_ || stopping_ || count(state::closed) == 0)
    return;
  const auto waiting = queue_->count().waiting;
  auto opening = count(state::opening);
  for (job_queue::slot i = 0; i < slots_.size() && opening < waiting && !away_; ++i)
    if (slots_[i].now == state::closed) {
      open(i);
      ++opening;
    }
}

void database_actor::open(job_queue::slot number) {
  auto& slot = slots_[number];
  if (!slot.actor) {
    try {
      slot.actor = home_system().spawn<connection_actor, caf::detached + caf::hidden>(
        caf::strong_actor_ptr{ctrl()}, queue_, number, settings_);
    } catch (const std::system_error& e) { // the system gives no further thread
      home_system().dec_detached_threads(); // CAF counts it before it starts, and would wait for it
      warn(fmt::format("cannot start a thread for a database connection: {}", e.code().message()));
      return retry_later();
    }
    monitor(slot.actor);
  }
  slot.now = state::opening;
  deliver(caf::actor_cast<caf::strong_actor_ptr>(slot.actor), nullptr, open_connection{});
}

void database_actor::on_opened(connection_opened& message) {
  auto& slot = slots_[message.slot];
  slot.now = state::open;
  slot.session = std::move(message.connection);
  backoff_.reset();
  if (std::exchange(away_, false)) {
    retry_.disarm();
    spdlog::info("the database is back");
  }
  open_more();
}

void database_actor::on_lost(const connection_lost& message) {
  slots_[message.slot].now = state::closed;
  if (stopping_)
    return;
  warn(fmt::format("{}: {}", message.while_opening ? "cannot connect to the database"
                                                   : "a database connection was lost",
                   message.why));
  if (message.while_opening)
    retry_later();
  // A job that came back may now be waiting beside an idle connection.
  while (auto pair = queue_->match())
    deliver(caf::actor_cast<caf::strong_actor_ptr>(slots_[pair->first].actor), nullptr,
            std::move(pair->second));
  arm_expiry();
  open_more();
}

void database_actor::on_down(const caf::down_msg& down) {
  for (job_queue::slot i = 0; i < slots_.size(); ++i)
    if (slots_[i].actor == down.source) {
      queue_->remove(i);
      slots_[i] = {};
    }
  const bool all_down = std::none_of(slots_.begin(), slots_.end(),
                                     [](const auto& slot) { return bool{slot.actor}; });
  if (!stopping_)
    open_more();
  else if (all_down)
    quit(stop_reason_);
}

void database_actor::retry_later() {
  away_ = true;
  if (retry_.armed())
    return;
  retry_.arm(loop().timers(), steady_clock::now() + backoff_.next(),
             [](void* self) { static_cast<database_actor*>(self)->retry(); }, this);
}

void database_actor::retry() {
  if (count(state::opening) > 0)
    return; // that attempt's end comes back here
  for (job_queue::slot i = 0; i < slots_.size(); ++i)
    if (slots_[i].now == state::closed)
      return open(i);
}

void database_actor::arm_expiry() {
  if (expiry_.armed())
    return;
  if (const auto deadline = queue_->next_deadline())
    expiry_.arm(loop().timers(), *deadline,
                [](void* self) { static_cast<database_actor*>(self)->expire(); }, this);
}

void database_actor::expire() {
  const auto waiting = queue_->count().waiting;
  const auto expired = queue_->take_expired(steady_clock::now());
  if (!expired.empty()) {
    const auto why = why_no_connection(waiting);
    for (const auto& job : expired)
      reject(job, why);
    warn(why);
  }
  arm_expiry();
}

void database_actor::warn(const std::string& line) {
  if (const auto held_back = warnings_.pass(steady_clock::now()))
    spdlog::warn("{}{}", line,
                 *held_back == 0 ? "" : fmt::format(" (and {} lines held back)", *held_back));
}

std::string database_actor::why_no_connection(std::size_t waiting) const {
  const auto open = count(state::open);
  const auto reason = open == 0 ? std::string{"the database cannot be reached"}
                                : fmt::format("{} in use, {} waiting", open, waiting);
  return fmt::format("no database connection within {} ms: {}", settings_.acquire_timeout.count(),
                     reason);
}

void database_actor::stop(caf::error reason) {
  if (std::exchange(stopping_, true))
    return;
  stop_reason_ = std::move(reason);
  retry_.disarm();
  expiry_.disarm();
  const auto waiting = queue_->close();
  bool any = false;
  for (const auto& slot : slots_)
    if (slot.actor) {
      any = true;
      deliver(caf::actor_cast<caf::strong_actor_ptr>(slot.actor), nullptr, stop_connection{});
    }
  for (const auto& job : waiting) // last: whoever gets this finds the connections stopping, too
    reject(job, shutting_down);
  if (!any)
    return quit(stop_reason_);
  grace_.arm(loop().timers(), steady_clock::now() + stop_grace,
             [](void* self) { static_cast<database_actor*>(self)->interrupt_all(); }, this);
}

void database_actor::interrupt_all() {
  for (const auto& slot : slots_) {
    if (auto session = slot.session.lock())
      session->interrupt();
    if (slot.actor)
      caf::anon_send_exit(slot.actor, caf::exit_reason::kill);
  }
}

std::size_t database_actor::count(state wanted) const {
  return static_cast<std::size_t>(std::count_if(
    slots_.begin(), slots_.end(), [wanted](const auto& slot) { return slot.now == wanted; }));
}

caf::actor spawn_database(troupe::detail::event_loop& loop,
                          const config::storage_settings& settings) {
  (void)backend_of(settings.url); // throws for what no connection could ever open
  return troupe::detail::spawn_pinned<database_actor>(loop, settings);
}

} // namespace troupe::storage
