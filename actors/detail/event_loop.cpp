#include "actors/detail/event_loop.hpp"

#include "actors/detail/caf.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace troupe::detail {

namespace {

thread_local event_loop* current_loop = nullptr;

/// Messages that one actor may handle before another one of the loop gets its turn.
constexpr std::size_t messages_per_turn = 64;

/// Actors and coroutines that one step may resume.
constexpr int jobs_per_step = 1024;

} // namespace

event_loop::event_loop(caf::actor_system& system, unsigned index)
  : system_(system), index_(index), io_(1), work_(io_.get_executor()),
    unit_(std::make_unique<loop_unit>(system, *this)), alarm_(io_),
    timers_([this](steady_time when) { wake_at(when); }) {}

event_loop::~event_loop() {
  stop();
  join();
  take_handed_over();
  for (auto* job : ready_)
    caf::intrusive_ptr_release(job);
}

caf::execution_unit& event_loop::unit() noexcept {
  return *unit_;
}

event_loop* event_loop::current() noexcept {
  return current_loop;
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

void event_loop::post(std::function<void()> fn) {
  boost::asio::post(io_, std::move(fn));
}

void event_loop::enqueue(caf::resumable* job) {
  if (current_loop == this) {
    ready_.push_back(job);
    return;
  }
  auto* before = inbox_.load(std::memory_order_relaxed);
  auto* node = new handed_over{job, before};
  while (!inbox_.compare_exchange_weak(before, node, std::memory_order_release,
                                       std::memory_order_relaxed))
    node->next = before;
  // From here on the node belongs to the loop.
  if (before == nullptr) // the first since the loop last looked: wake it
    boost::asio::post(io_, [this] { take_handed_over(); });
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

void event_loop::run() {
  current_loop = this;
  run_ready();
  while (!stopping_.load(std::memory_order_relaxed)) {
    io_.run_one();
    run_ready();
  }
  current_loop = nullptr;
}

void event_loop::run_ready() {
  // Bounded, so that actors which always have work leave room for I/O.
  int budget = jobs_per_step;
  while (has_work()) {
    for (; budget > 0 && !ready_.empty(); --budget) {
      auto* job = ready_.front();
      ready_.pop_front();
      resume(job);
    }
    for (; budget > 0 && !woken_.empty(); --budget)
      woken_.pop_front().handle.resume();
    run_all_deferred();
    if (budget == 0 && has_work()) {
      boost::asio::post(io_, [] {}); // come back after the I/O that is due
      return;
    }
  }
}

bool event_loop::has_work() const noexcept {
  return !ready_.empty() || !woken_.empty() || !deferred_.empty();
}

void event_loop::resume(caf::resumable* job) {
  switch (job->resume(unit_.get(), messages_per_turn)) {
  case caf::resumable::resume_later: ready_.push_back(job); break;
  case caf::resumable::awaiting_message:
  case caf::resumable::done:
  case caf::resumable::shutdown_execution_unit: caf::intrusive_ptr_release(job); break;
  }
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

void event_loop::take_handed_over() {
  auto* node = inbox_.exchange(nullptr, std::memory_order_acquire);
  handed_over* in_order = nullptr;
  while (node != nullptr) {
    auto* next = node->next;
    node->next = in_order;
    in_order = node;
    node = next;
  }
  while (in_order != nullptr) {
    ready_.push_back(in_order->job);
    delete std::exchange(in_order, in_order->next);
  }
}

void event_loop::wake_at(steady_time when) {
  alarm_.expires_at(when);
  alarm_.async_wait([this](boost::system::error_code ec) {
    if (!ec)
      timers_.run_due(std::chrono::steady_clock::now());
  });
}

void event_loop::resume_soon(suspended& item) {
  woken_.push_back(item);
}

void resume_soon(suspended& item) {
  event_loop::current()->resume_soon(item);
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
