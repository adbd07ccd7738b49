#include "actors/detail/event_loop.hpp"

#include "actors/context.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/cores.hpp"
#include "actors/detail/courier_actor.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/detail/loop_door.hpp"
#include "actors/detail/spawned.hpp"
#include "actors/detail/log.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::detail {

namespace {

thread_local event_loop* current_loop = nullptr;
thread_local loop_door* current_loop_door = nullptr;

/// Messages that one actor may handle before another one of the loop gets its turn.
constexpr std::size_t messages_per_turn = 64;

/// Actors and coroutines that one turn may resume before it looks at I/O.
constexpr int jobs_per_turn = 1024;

/// The same behind each I/O completion of a busy loop.
constexpr int jobs_per_completion = 64;

/// I/O completions, each with all that it makes ready, between two turns of a busy loop.
constexpr int completions_per_turn = 64;

/// What goes to another loop leaves when so much has gathered, and at the end of each step.
constexpr unsigned parcels_per_shipment = 64;

// A loop that answers another one within microseconds need not go to sleep, which costs both more
// than that. It waits awake as long as that has lately paid, otherwise never.
constexpr double spin_microseconds = 20;
constexpr int spin_from_score = 4;
constexpr int spin_best_score = 64;
constexpr int spin_cost_of_failure = 8;

} // namespace

/// A CAF actor that another thread has made ready.
struct event_loop::handed_over final : parcel {
  handed_over(event_loop& l, caf::resumable* j) noexcept : loop(l), job(j) {}
  void arrive() override {
    loop.ready_.push_back(job);
    delete this;
  }
  void discard() noexcept override {
    caf::intrusive_ptr_release(job);
    delete this;
  }
  event_loop& loop;
  caf::resumable* job;
};

event_loop::event_loop(caf::actor_system& system, unsigned index)
  : system_(system), door_(new loop_door{io_, &system}), index_(index), io_(1),
    work_(io_.get_executor()), unit_(std::make_unique<loop_unit>(system, *this)), alarm_(io_),
    timers_([this](steady_time when) { wake_at(when); }),
    spin_cycles_(static_cast<std::uint64_t>(spin_microseconds * cycles_per_microsecond())) {
  note_cores();
  courier_ = make_courier(*this); // an actor of this loop: needs all of it
}

event_loop::~event_loop() {
  stop();
  join();
  ending_ = true; // others of its family may have ended before it
  run_burials();
  flush_outboxes();
  door_.get()->shut();
  courier_.reset();
  for (auto* job : ready_)
    caf::intrusive_ptr_release(job);
}

caf::execution_unit& event_loop::unit() noexcept {
  return *unit_;
}

event_loop* event_loop::current() noexcept {
  return current_loop;
}

event_loop* current_event_loop() noexcept {
  return current_loop;
}

loop_door* current_door() noexcept {
  return current_loop_door;
}

void event_loop::start() {
  thread_ = std::thread([this] { run(); });
}

void event_loop::stop() {
  stopping_.store(true);
  boost::asio::post(io_, [] {}); // wakes a loop that waits
}

void event_loop::join() {
  if (thread_.joinable())
    thread_.join();
}

void event_loop::end_all(const std::vector<std::unique_ptr<event_loop>>& loops) {
  for (const auto& each : loops)
    each->stop();
  for (const auto& each : loops)
    each->join();
  constexpr int rounds = 8; // more than any of them needs
  for (int i = 0; i < rounds; ++i)
    for (const auto& each : loops)
      each->run_leftovers();
}

void event_loop::run_leftovers() {
  enter();
  turn();
  leave();
}

void event_loop::enter() noexcept {
  current_loop = this;
  current_loop_door = door_.get();
}

void event_loop::leave() noexcept {
  current_loop = nullptr;
  current_loop_door = nullptr;
}

void event_loop::post(std::function<void()> fn) {
  boost::asio::post(io_, std::move(fn));
}

// -- from other threads -----------------------------------------------------------------------------

void event_loop::enqueue(caf::resumable* job) {
  if (current_loop == this) {
    ready_.push_back(job);
    return;
  }
  auto* made = new handed_over{*this, job};
  door_.get()->push(made, made);
}

void event_loop::send(parcel& what) {
  send_to_door(*door_.get(), what);
}

void send_to_door(loop_door& to, parcel& what) {
  if (current_loop == nullptr || current_loop_door == &to)
    to.push(&what, &what);
  else
    current_loop->send_from_here(to, what);
}

void event_loop::send_from_here(loop_door& to, parcel& what) {
  auto box = std::find_if(outboxes_.begin(), outboxes_.end(),
                          [&](const auto& each) { return each.to.get() == &to; });
  if (box == outboxes_.end())
    box = outboxes_.insert(outboxes_.end(), outbox{door_ref{&to}});
  what.next_ = box->newest;
  if (box->newest == nullptr)
    box->oldest = &what;
  box->newest = &what;
  outboxes_used_ = true;
  if (++box->count >= parcels_per_shipment)
    flush(*box);
}

void event_loop::flush(outbox& box) {
  box.count = 0;
  auto* newest = std::exchange(box.newest, nullptr);
  if (newest == nullptr)
    return;
  auto& to = *box.to.get(); // some box keeps it, also when this one moves meanwhile
  if (to.family() == &system_ && !ending_)
    to.push_in_family(newest, box.oldest);
  else
    to.push(newest, box.oldest);
}

void event_loop::flush_outboxes() {
  // What is discarded instead may send, too, and so use further boxes.
  while (std::exchange(outboxes_used_, false))
    for (std::size_t i = 0; i < outboxes_.size(); ++i)
      flush(outboxes_[i]);
}

void event_loop::take_inbox() {
  if (door_.get()->empty())
    return;
  auto* each = door_.get()->take();
  parcel* in_order = nullptr;
  while (each != nullptr) {
    auto* next = each->next_;
    each->next_ = in_order;
    in_order = each;
    each = next;
  }
  while (in_order != nullptr)
    std::exchange(in_order, in_order->next_)->arrive();
}

// -- the loop ---------------------------------------------------------------------------------------

void event_loop::run() {
  if (pinned_)
    run_on_core(index_);
  enter();
  while (!stopping_.load(std::memory_order_relaxed)) {
    turn();
    if (has_work())
      poll_io();
    else if (!spin())
      sleep();
  }
  flush_outboxes();
  leave();
}

bool event_loop::poll() {
  enter();
  turn();
  const bool had_io = poll_io();
  leave();
  return had_io || has_work();
}

void event_loop::turn() {
  woken_.append(yielded_);
  run_ready(jobs_per_turn);
}

/// Bounded, so that actors which always have work leave room for I/O; and so is each round of it, so
/// that they leave room for coroutines.
void event_loop::run_ready(int budget) {
  const int share = std::max(budget / 4, 1);
  take_inbox(); // once: the more has gathered, the less two loops fight for it
  do {
    budget -= run_jobs(share) + run_cells(share) + run_woken(share) + run_starts(share);
    run_all_deferred();
    run_burials();
  } while (budget > 0
           && (!ready_.empty() || !woken_.empty() || cells_first_ != nullptr || !deferred_.empty()
               || !starts_.empty()));
  flush_outboxes();
}

int event_loop::run_jobs(int most) {
  const auto count = std::min(most, static_cast<int>(ready_.size()));
  for (int i = 0; i < count; ++i) {
    auto* job = ready_.front();
    ready_.pop_front();
    resume(job);
  }
  return count;
}

/// Those that are ready now: not those that they make ready, themselves included.
int event_loop::run_cells(int most) {
  const auto* const last = cells_last_;
  int count = 0;
  while (cells_first_ != nullptr && count < most) {
    const auto* const each = cells_first_;
    state_cell::run_scheduled(cells_first_);
    ++count;
    if (each == last)
      break;
  }
  return count;
}

int event_loop::run_woken(int most) {
  int count = 0;
  for (; count < most && !woken_.empty(); ++count)
    resume(woken_.pop_front());
  return count;
}

int event_loop::run_starts(int most) {
  int count = 0;
  for (; count < most && !starts_.empty(); ++count) {
    const auto first = std::move(starts_.front());
    starts_.pop_front();
    first->start_now();
  }
  return count;
}

bool event_loop::has_work() const noexcept {
  return !ready_.empty() || !woken_.empty() || !yielded_.empty() || cells_first_ != nullptr
         || !deferred_.empty() || !starts_.empty() || !door_.get()->empty();
}

/// True when there was any.
bool event_loop::poll_io() {
  int count = 0;
  for (; count < completions_per_turn && io_.poll_one() > 0; ++count)
    run_ready(jobs_per_completion);
  return count > 0;
}

void event_loop::sleep() {
  const auto begun = cycle_count();
  auto& door = *door_.get();
  const bool came_before = !door.about_to_sleep();
  if (!came_before && !stopping_.load())
    io_.run_one();
  door.awake();
  if (came_before || door.rung_at() - begun < 2 * spin_cycles_)
    spin_score_ = std::min(spin_score_ + 1, spin_best_score); // waiting awake would have paid
}

/// True when something came meanwhile.
bool event_loop::spin() {
  if (spin_score_ < spin_from_score)
    return false;
  const auto until = cycle_count() + spin_cycles_;
  const auto& door = *door_.get();
  do {
    for (int i = 0; i < 32; ++i) {
      if (!door.empty()) {
        spin_score_ = std::min(spin_score_ + 1, spin_best_score);
        return true;
      }
      cpu_relax();
    }
  } while (cycle_count() < until);
  spin_score_ -= spin_cost_of_failure;
  return io_.poll_one() > 0;
}

// -- what runs on it --------------------------------------------------------------------------------

void event_loop::resume(suspended& item) {
  if (item.behalf_ != nullptr && item.behalf_->cancelled)
    return; // its frame is about to be destroyed
  const behalf on{*this, item.behalf_};
  item.handle_.resume();
}

void event_loop::resume(caf::resumable* job) {
  switch (job->resume(unit_.get(), messages_per_turn)) {
  case caf::resumable::resume_later: ready_.push_back(job); break;
  case caf::resumable::awaiting_message:
  case caf::resumable::done:
  case caf::resumable::shutdown_execution_unit: caf::intrusive_ptr_release(job); break;
  }
}

void event_loop::schedule(state_cell& cell) {
  state_cell::append(cells_first_, cells_last_, cell);
}

void event_loop::defer(deferred& what) {
  if (what.queued_)
    return;
  what.queued_ = true;
  deferred_.push_back(&what);
}

void event_loop::undefer(deferred& what) noexcept {
  if (!what.queued_)
    return;
  what.queued_ = false;
  for (auto* list : {&deferred_, &deferred_now_})
    std::replace(list->begin(), list->end(), &what, static_cast<deferred*>(nullptr));
}

void event_loop::run_all_deferred() {
  // What runs may defer again: those entries wait for the next round of run_ready.
  deferred_now_.swap(deferred_);
  for (std::size_t i = 0; i < deferred_now_.size(); ++i) {
    auto* item = std::exchange(deferred_now_[i], nullptr);
    if (item == nullptr)
      continue; // gone since it asked
    item->queued_ = false;
    item->run_deferred();
  }
  deferred_now_.clear();
}

void event_loop::bury(std::shared_ptr<spawned_base> spawned) {
  burials_.push_back(std::move(spawned));
}

void event_loop::run_burials() {
  while (!burials_.empty()) { // destructors may end further tasks
    burials_now_.swap(burials_);
    for (auto& each : burials_now_)
      each->let_go();
    burials_now_.clear();
  }
}

void event_loop::wake_at(steady_time when) {
  alarm_.expires_at(when);
  alarm_.async_wait([this](boost::system::error_code ec) {
    if (!ec)
      timers_.run_due(std::chrono::steady_clock::now());
  });
}

// -- who holds it -----------------------------------------------------------------------------------

void event_loop::watch(std::chrono::milliseconds limit) {
  longest_run_ = limit.count() == 0
                   ? ~std::uint64_t{0}
                   : static_cast<std::uint64_t>(static_cast<double>(limit.count()) * 1000
                                                * cycles_per_microsecond());
}

void event_loop::report_held(std::uint64_t cycles) const noexcept {
  const auto* label = present_label_.load(std::memory_order_relaxed);
  const auto ms = static_cast<double>(cycles) / cycles_per_microsecond() / 1000;
  try {
    spdlog::warn(with_fields(
      fmt::format("{} held event loop {} for {:.0f} ms without co_await: everything else on it waited; "
                  "use ctx.blocking or ctx.compute",
                  label != nullptr ? *label : "a task", index_, ms),
      {{"loop", std::to_string(index_)}, {"held_ms", fmt::format("{:.0f}", ms)}}));
  } catch (...) { // a warning that cannot be written
  }
}

event_loop::presently event_loop::at_present() const noexcept {
  return {present_label_.load(std::memory_order_acquire),
          present_since_.load(std::memory_order_relaxed)};
}

timer_queue& current_timers() noexcept {
  return current_loop->timers();
}

void event_loop::start_later(std::shared_ptr<spawned_base> spawned) {
  starts_.push_back(std::move(spawned));
}

// -- suspended.hpp ----------------------------------------------------------------------------------

void suspended::park(std::coroutine_handle<> waiting) noexcept {
  handle_ = waiting;
  behalf_ = current_loop->running();
}

void resume_soon(suspended& item) {
  current_loop->resume_soon(item);
}

void resume_next_turn(suspended& item) {
  current_loop->resume_next_turn(item);
}

bool spend_operation() noexcept {
  return current_loop->spend();
}

void wait_list::wake_all() {
  while (!empty())
    detail::resume_soon(pop_front());
}

void wait_list::wake_one() {
  if (!empty())
    detail::resume_soon(pop_front());
}

} // namespace troupe::detail
