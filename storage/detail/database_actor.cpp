#include "storage/detail/database_actor.hpp"

#include "actors/detail/cycle_clock.hpp"
#include "actors/messages/cluster_size.hpp"
#include "actors/messages/local.hpp"
#include "storage/detail/sql_text.hpp"

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

/// What waits for a session that runs others gets so long until one that is idle takes it.
constexpr std::chrono::milliseconds patience_for_company{10};

/// Between two lines on waits that are long and go on.
constexpr std::chrono::seconds pause_between_slow_acquires{1};

/// Until it is looked whether the server has been told to cancel one.
constexpr std::chrono::milliseconds told_patience{5};

constexpr const char* shutting_down = "the node is shutting down";

} // namespace

database_actor::database_actor(caf::actor_config& config, troupe::detail::event_loop& loop,
                               config::storage_settings settings, pool_share pool)
  : pinned_actor(config, loop), settings_(std::move(settings)), pool_(std::move(pool)),
    channels_(make_channels(loop, caf::weak_actor_ptr{ctrl()}, settings_, pool_.told_as)), slots_(settings_.max_connections),
    has_server_(backend_of(settings_.url) == backend::postgres) {
  set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  set_exit_handler([this](const caf::exit_msg& exit) { stop(exit.reason); });
}

caf::behavior database_actor::make_behavior() {
  sockets_.emplace(loop().io());
  open_more();
  arm_upkeep();
  return {
    [this](call_id call, sql_statement& statement) { take(current_sender(), call, std::move(statement)); },
    [this](call_id call, const sql_listen& wanted) {
      channels_->listen(current_sender(), call, wanted.channel);
    },
    [this](const notices_committed& what) { notify(*what.notices); },
    [this](call_id flight, const sql_result& what) { answer_shared(flight, what); },
    [this](call_id flight, const failure& what) { answer_shared(flight, what); },
    [this](call_id call, sql_acquire wanted) {
      if (current_sender()) // nobody could ever release it otherwise
        submit(current_sender(), call, ++leases_granted_, {{}, {}, wanted.asked_by});
    },
    [this](call_id call, sql_abandoned) { abandon(call); },
    [this](call_id call, pool_statistics_request) {
      deliver(current_sender(), nullptr, call, statistics());
    },
    [this](call_id call, database_figures_query wanted) {
      deliver(current_sender(), nullptr, call,
              local_reply{std::make_shared<database_figures>(figures(wanted.statements))});
    },
    [this](connection_opened& message) { on_opened(message); },
    [this](cluster_size what) { on_cluster_size(what.nodes); },
    [this](const connection_lost& message) { on_lost(message); },
    [this](connection_closed message) { on_closed(message.slot); },
    [this](connection_idle) { give_to_idle_ones(); },
    [this](connection_checked message) { slots_[message.slot].now = state::open; },
    [this](fallback_started& message) { fallback_ = std::move(message.actor); },
  };
}

void database_actor::on_exit() {
  retry_.disarm();
  expiry_.disarm();
  slow_acquire_.disarm();
  grace_.disarm();
  watch_.disarm();
  upkeep_.disarm();
  patience_.disarm();
  slots_.clear();
  fallback_ = nullptr;
  sockets_.reset();
  channels_->stop();
  channels_.reset();
}

bool database_actor::take_statement(const caf::strong_actor_ptr& from, call_id id, sql_statement&& what) {
  // What transactions have notified waits in the mailbox, and is told first.
  if (!sockets_ || what.steps.what == sql_steps::kind::notify)
    return false;
  take(from, id, std::move(what));
  return true;
}

void database_actor::take(const caf::strong_actor_ptr& from, call_id call, sql_statement&& statement) {
  const bool shared = statement.shared && settings_.share_reads;
  if ((shared || statement.only_reads) && verb_of(statement.sql) != sql_verb::reads)
    return refuse_change(from, call, statement, "only reads can be shared or coalesced",
                         "the database refused the statement");
  if (settings_.read_only && changes_for_certain(statement.sql))
    return refuse_change(from, call, statement, "what changes something, on a database with read_only",
                         "the database is read only");
  if (shared)
    return submit_shared(from, call, std::move(statement));
  if (statement.steps.what == sql_steps::kind::notify && notify(statement.parameters))
    return deliver(from, nullptr, call, sql_result{});
  submit(from, call, 0, std::move(statement));
}

void database_actor::refuse_change(const caf::strong_actor_ptr& from, call_id call, const sql_statement& statement,
                                   const char* why, const char* detail) {
  spdlog::error("{}statement failed: {}; in: {}", pool_.told_as, why, one_line(statement.sql));
  deliver(from, nullptr, call, failure{errc::internal, detail});
}

/// False: the database has to be told.
bool database_actor::notify(const std::vector<sql_value>& notices) {
  bool told = true;
  for (std::size_t i = 0; i + 1 < notices.size(); i += 2)
    told = channels_->notify(std::get<std::string>(notices[i]), std::get<std::string>(notices[i + 1])) && told;
  return told;
}

/// The actor itself asks, on behalf of all who want the same.
void database_actor::submit_shared(const caf::strong_actor_ptr& from, call_id call, sql_statement statement) {
  const auto flight = flights_.join(statement, {from, call});
  if (!flight)
    return;
  submit(caf::strong_actor_ptr{ctrl()}, call_id{*flight}, 0, std::move(statement));
}

template <class Answer>
void database_actor::answer_shared(call_id flight, const Answer& what) {
  for (const auto& each : flights_.land(flight.value))
    deliver(each.requester, nullptr, each.call, Answer{what});
}

void database_actor::submit(caf::strong_actor_ptr requester, call_id call, std::uint64_t lease,
                            sql_statement statement) {
  pool_job job{std::move(requester), call, steady_clock::now() + settings_.acquire_timeout, lease,
               std::move(statement)};
  if (stopping_)
    return reject(job, shutting_down);
  if (let_one_look([&](const driven_session& each) { return each.likes_company(job); })) {
    pool_.queue->wait(job);
    arm_patience();
    return arm_expiry();
  }
  if (const auto idle = pool_.queue->push(job))
    return give(*idle, std::move(job));
  arm_expiry();
  give_to_idle_ones(); // others were in front
  let_one_look([](const driven_session& each) { return each.has_room(); });
  open_more();
}

/// What waits for a session that was to take it soon is for others when it does not: it may be held up by a lock.
void database_actor::arm_patience() {
  if (!patience_.armed())
    patience_.arm(loop().timers(), steady_clock::now() + patience_for_company,
                  [](void* self) { static_cast<database_actor*>(self)->end_patience(); }, this);
}

void database_actor::end_patience() {
  const bool one_is_stuck = std::any_of(slots_.begin(), slots_.end(),
                                        [](const auto& slot) { return slot.driven && slot.driven->is_stuck(); });
  if (one_is_stuck) {
    give_to_idle_ones();
    if (!let_one_look([](const driven_session& each) { return each.has_room(); }))
      open_more();
  }
  if (pool_.queue->count().waiting > 0)
    arm_patience();
}

/// REQUIRES: it is idle, and has been taken out of those that are.
void database_actor::give(job_queue::slot number, pool_job&& job) {
  auto& slot = slots_[number];
  if (const auto session = slot.session.lock())
    if (quick_time(*session, job) && slot.driven->begin(session, job))
      return;
  slot.driven->leave();
  deliver(caf::actor_cast<caf::strong_actor_ptr>(slot.actor), nullptr, std::move(job));
}

void database_actor::give_to_idle_ones() {
  while (auto pair = pool_.queue->match())
    give(pair->first, std::move(pair->second));
}

/// At what waits, at the end of this step. False: there is none that fits.
bool database_actor::let_one_look(const std::function<bool(const driven_session&)>& fits) {
  for (const auto& slot : slots_)
    if (slot.driven && slot.driven->busy() && fits(*slot.driven)) {
      slot.driven->look();
      return true;
    }
  return false;
}

// -- sessions that this loop runs statements on -----------------------------------------------------------

void database_actor::on_session_returned(job_queue::slot which, session_returned&& what) {
  const auto actor = caf::actor_cast<caf::strong_actor_ptr>(slots_[which].actor);
  deliver(actor, nullptr, std::move(what));
  if (stopping_)
    deliver(actor, nullptr, stop_connection{});
}

bool database_actor::may_be_idle(job_queue::slot which) {
  const auto lifetime = settings_.max_lifetime;
  return !stopping_ && (lifetime.count() == 0 || troupe::detail::coarse_now() - slots_[which].opened < lifetime);
}

bool database_actor::cancel(job_queue::slot which, std::shared_ptr<std::atomic<bool>> told) {
  if (!tell_to_cancel(which, [told = std::move(told)] { told->store(true); }))
    return false;
  arm_watch(told_patience);
  return true;
}

void database_actor::reject(const pool_job& job, const std::string& why) {
  if (job.requester == ctrl()) // a message to itself might come too late, behind the end
    return answer_shared(job.call, failure{errc::unavailable, why});
  deliver(job.requester, nullptr, job.call, failure{errc::unavailable, why});
}

/// No connection is free, and none can be opened. Those that are held may be as dead as the server.
bool database_actor::hands_over() const {
  return away_ && fallback_ && pool_.queue->count().idle == 0
         && std::none_of(slots_.begin(), slots_.end(),
                         [](const auto& slot) { return slot.driven && slot.driven->has_room(); });
}

/// The fallback answers whoever asked.
void database_actor::hand_over(pool_job&& job) {
  ++handed_over_;
  if (job.lease != 0)
    deliver(fallback_, job.requester, job.call, sql_acquire{job.statement.asked_by});
  else
    deliver(fallback_, job.requester, job.call, std::move(job.statement));
}

/// One for each job that waits, and as many as are to be open in any case. Where none can be opened, what waits is
/// the fallback's.
void database_actor::open_more() {
  open_closed_ones();
  if (hands_over())
    for (auto& job : pool_.queue->take_expired(troupe::detail::steady_time::max()))
      hand_over(std::move(job));
}

void database_actor::open_closed_ones() {
  const auto closed = count(state::closed);
  if (away_ || stopping_ || closed == 0)
    return;
  const auto soon_idle = about_to_be_idle();
  const auto waiting = std::max(pool_.queue->count().waiting, soon_idle) - soon_idle;
  auto opening = count(state::opening);
  auto present = slots_.size() - closed;
  for (job_queue::slot i = 0; i < slots_.size() && present < allowed() && !away_; ++i)
    if (slots_[i].now == state::closed && (opening < waiting || present < settings_.min_connections)) {
      open(i);
      ++opening;
      ++present;
    }
}

void database_actor::open(job_queue::slot number) {
  auto& slot = slots_[number];
  if (!slot.actor) {
    try {
      slot.driven = std::make_unique<driven_session>(*this, loop(), *sockets_, pool_, number, settings_);
      slot.actor = home_system().spawn<connection_actor, caf::detached + caf::hidden>(
        caf::strong_actor_ptr{ctrl()}, pool_, number, settings_);
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
  slot.opened = steady_clock::now();
  if (message.sessions_allowed)
    sessions_allowed_ = message.sessions_allowed;
  backoff_.reset();
  if (std::exchange(away_, false)) {
    retry_.disarm();
    spdlog::info("{}the database is back", pool_.told_as);
  }
  open_more();
}

void database_actor::on_lost(const connection_lost& message) {
  slots_[message.slot].now = state::closed;
  if (stopping_)
    return;
  if (message.while_opening)
    retry_later();
  warn(fmt::format("{}: {}{}", message.while_opening ? "cannot connect to the database"
                                                     : "a database connection was lost",
                   message.why,
                   hands_over() ? fmt::format("; meanwhile the database {} is asked", settings_.fallback) : ""));
  // A job that came back may now be waiting beside an idle connection.
  give_to_idle_ones();
  arm_expiry();
  open_more();
}

void database_actor::on_down(const caf::down_msg& down) {
  for (job_queue::slot i = 0; i < slots_.size(); ++i)
    if (slots_[i].actor == down.source) {
      pool_.queue->remove(i);
      pool_.holders->forget(i);
      slots_[i].driven->give_up();
      slots_[i] = {};
    }
  if (away_ && !stopping_ && count(state::opening) == 0)
    retry_later(); // it was the one that tried
  const bool all_down = std::none_of(slots_.begin(), slots_.end(),
                                     [](const auto& slot) { return bool{slot.actor}; });
  if (!stopping_) {
    give_to_idle_ones();
    arm_expiry();
    open_more();
  } else if (all_down)
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
  if (slots_.size() - count(state::closed) >= allowed() && count(state::open) > 0) {
    away_ = false; // it has what it may have
    return;
  }
  for (job_queue::slot i = 0; i < slots_.size(); ++i)
    if (slots_[i].now == state::closed)
      return open(i);
}

void database_actor::arm_expiry() {
  arm_slow_acquire();
  const auto deadline = pool_.queue->next_deadline();
  if (deadline && (!expiry_.armed() || *deadline < expiry_.when()))
    expiry_.arm(loop().timers(), *deadline,
                [](void* self) { static_cast<database_actor*>(self)->expire(); }, this);
}

void database_actor::expire() {
  const auto waiting = pool_.queue->count().waiting;
  const auto expired = pool_.queue->take_expired(steady_clock::now());
  if (!expired.empty()) {
    const auto why = why_no_connection(settings_.acquire_timeout, waiting);
    for (const auto& job : expired)
      reject(job, why.for_client);
    if (!warn(why.for_log)) // more than what has been told: it goes with the next line
      pool_.warnings->keep((pool_.pools > 1 ? pool_.told_as : "") + why.for_log);
  }
  arm_expiry();
}

void database_actor::arm_slow_acquire() {
  if (slow_acquire_.armed() || settings_.slow_acquire.count() == 0
      || settings_.slow_acquire >= settings_.acquire_timeout)
    return;
  if (const auto deadline = pool_.queue->next_deadline())
    slow_acquire_.arm(loop().timers(),
                      std::max(*deadline - settings_.acquire_timeout + settings_.slow_acquire,
                               next_slow_acquire_),
                      [](void* self) { static_cast<database_actor*>(self)->tell_slow_acquire(); }, this);
}

/// As long as it goes on, at times.
void database_actor::tell_slow_acquire() {
  const auto now = steady_clock::now();
  if (const auto deadline = pool_.queue->next_deadline()) {
    const auto waited = std::chrono::ceil<std::chrono::milliseconds>(now - (*deadline - settings_.acquire_timeout));
    if (waited >= settings_.slow_acquire) {
      const auto why = why_no_connection(waited, pool_.queue->count().waiting);
      if (!away_) // that is told anyway
        spdlog::warn("{}a statement still waits: {}", pool_.told_as, why.for_log);
      next_slow_acquire_ = now + pause_between_slow_acquires;
    }
  }
  arm_slow_acquire();
}

/// False: not now.
bool database_actor::warn(const std::string& line) {
  const auto passed = pool_.warnings->pass(steady_clock::now());
  if (!passed)
    return false;
  spdlog::warn("{}{}{}{}", pool_.told_as, line, passed->untold.empty() ? "" : "; " + passed->untold, passed->ending());
  return true;
}

pool_trouble database_actor::why_no_connection(std::chrono::milliseconds waited, std::size_t waiting) const {
  return explain({waited, waiting, count(state::open), allowed(), away_,
                  holders()});
}

std::vector<holder_table::holder> database_actor::holders() const {
  auto out = pool_.holders->holders();
  for (const auto& slot : slots_)
    if (slot.driven && slot.driven->busy())
      out.push_back(slot.driven->holder());
  return out;
}

// -- statements that nobody waits for ---------------------------------------------------------------

void database_actor::abandon(call_id call) {
  auto requester = current_sender();
  if (!flights_.empty()) {
    const auto left = flights_.leave({requester, call});
    if (left.was_here && !left.empty)
      return; // others wait for it
    if (left.empty) {
      requester = caf::strong_actor_ptr{ctrl()};
      call = call_id{*left.empty};
    }
  }
  if (pool_.queue->drop(requester, call))
    return;
  const bool here = std::any_of(slots_.begin(), slots_.end(), [&](const connection_slot& each) {
    return each.driven && each.driven->abandon(requester, call);
  });
  if (!here) {
    if (const auto what = pool_.holders->abandon(requester, call))
      cancel(*what);
    else if (handed_over_ > 0)
      deliver(fallback_, requester, call, sql_abandoned{});
  }
  arm_watch(abandoned_patience);
}

/// REQUIRES: the table has just given it to be cancelled.
void database_actor::cancel(holder_table::target what) {
  const bool is_being_told = tell_to_cancel(what.which, [holders = pool_.holders, what] { holders->cancelled(what); });
  if (!is_being_told && pool_.holders->not_cancelled(what, settings_.connect_timeout))
    if (const auto session = slots_[what.which].session.lock())
      session->interrupt();
}

/// `told` is called when the server knows, in a thread of its own. False: it cannot be told.
bool database_actor::tell_to_cancel(job_queue::slot which, std::function<void()> told) {
  const auto session = slots_[which].session.lock();
  auto how = session ? session->canceller() : nullptr;
  if (!how)
    return false;
  if (cancellations_.begin(std::move(how), std::move(told)))
    return true;
  warn("statements that nobody waits for are not cancelled: the database does not answer, or there are no threads");
  return false;
}

void database_actor::arm_watch(std::chrono::milliseconds pause) {
  if (!watch_.armed() || pause < abandoned_patience)
    watch_.arm(loop().timers(), steady_clock::now() + pause,
               [](void* self) { static_cast<database_actor*>(self)->cancel_overdue(); }, this);
}

/// Those of a batch, those that the server was told of before they had begun, and those that it cannot be told of.
void database_actor::cancel_overdue() {
  const auto overdue = pool_.holders->take_overdue(abandoned_patience, settings_.connect_timeout);
  for (const auto what : overdue.to_cancel)
    cancel(what);
  for (const auto number : overdue.to_interrupt)
    if (const auto session = slots_[number].session.lock())
      session->interrupt();
  bool any_told = false;
  bool any_left = overdue.any_left;
  for (const auto& slot : slots_)
    if (slot.driven) {
      any_left |= slot.driven->cancel_overdue(abandoned_patience);
      any_told |= slot.driven->cancelling();
    }
  if (any_left)
    arm_watch(any_told ? told_patience : abandoned_patience);
}

void database_actor::on_closed(job_queue::slot number) {
  slots_[number].now = state::closed;
  open_more();
}

void database_actor::stop(caf::error reason) {
  if (std::exchange(stopping_, true))
    return;
  stop_reason_ = std::move(reason);
  retry_.disarm();
  expiry_.disarm();
  upkeep_.disarm();
  channels_->stop();
  const auto waiting = pool_.queue->close();
  bool any = false;
  for (const auto& slot : slots_)
    if (slot.actor) {
      any = true;
      slot.driven->leave();
      if (const auto session = slot.session.lock(); session && slot.now == state::checking)
        session->interrupt(); // it may never be answered
      if (!slot.driven->busy()) // or else when it has been returned
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
  pool_.holders->stop_waiting();
  for (const auto& slot : slots_) {
    if (auto session = slot.session.lock())
      session->interrupt();
    if (!slot.actor)
      continue;
    slot.driven->give_up();
    caf::anon_send_exit(slot.actor, caf::exit_reason::kill);
  }
}

std::size_t database_actor::about_to_be_idle() const {
  return static_cast<std::size_t>(std::count_if(slots_.begin(), slots_.end(), [](const auto& slot) {
    return slot.driven && slot.driven->about_to_be_idle();
  }));
}

std::size_t database_actor::count(state wanted) const {
  return static_cast<std::size_t>(std::count_if(
    slots_.begin(), slots_.end(), [wanted](const auto& slot) { return slot.now == wanted; }));
}

pool_statistics database_actor::statistics() const {
  auto [waiting, idle] = pool_.queue->count();
  idle += about_to_be_idle();
  // A connection may be idle before its message that it is open has arrived.
  const auto open = std::max(count(state::open), idle);
  return {open - idle, idle, waiting};
}

database_figures database_actor::figures(std::size_t statements) const {
  const auto now = statistics();
  database_figures out{now.in_use, now.idle, now.waiting, allowed(), handed_over_, {}, {}};
  for (auto& each : holders())
    out.holders.push_back({each.asked_by != nullptr ? *each.asked_by : "", each.leased,
                           std::move(each.statement), each.has_it, each.runs});
  out.statements = statement_statistics::most_expensive(*pool_.statistics_of_all, statements);
  return out;
}

} // namespace troupe::storage
