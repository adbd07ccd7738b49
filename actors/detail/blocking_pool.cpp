#include "actors/detail/blocking_pool.hpp"

#include "actors/blocking.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/cores.hpp"
#include "actors/detail/event_loop.hpp"

#include <boost/asio/post.hpp>

#include <caf/scheduler/abstract_coordinator.hpp>

namespace troupe::detail {

namespace {

/// Owns an errand on its way: sends it home, done or not.
class carrier {
public:
  carrier(errand& what, event_loop& home) noexcept : what_(&what), home_(&home) {}
  carrier(carrier&& other) noexcept
    : what_(std::exchange(other.what_, nullptr)), home_(other.home_) {}
  carrier& operator=(carrier&&) = delete;
  ~carrier() {
    if (what_ != nullptr)
      home_->send(*what_); // undone: at the end of the node, when nobody waits any more
  }
  void work() noexcept { what_->work(); }
  void go_home() noexcept { home_->send(*std::exchange(what_, nullptr)); }

private:
  errand* what_;
  event_loop* home_;
};

} // namespace

/// An errand for CAF's scheduler.
class blocking_pool::scheduled final : public caf::resumable, public caf::ref_counted {
public:
  scheduled(blocking_pool& by, errand& what, event_loop& home) noexcept
    : by_(by), what_(what, home) {}

  subtype_t subtype() const override { return unspecified; }
  caf::resumable::resume_result resume(caf::execution_unit*, size_t) override {
    if (!by_.stopping_.load())
      what_.work();
    what_.go_home();
    if (by_.computing_.fetch_sub(1) == 1)
      by_.computing_.notify_all();
    return caf::resumable::done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

private:
  blocking_pool& by_;
  carrier what_;
};

blocking_pool::blocking_pool(unsigned threads, unsigned queue)
  : threads_(threads), limit_(threads + queue) {}

blocking_pool::~blocking_pool() {
  stop();
}

void blocking_pool::stop() {
  stopping_.store(true);
  if (pool_) {
    pool_->stop();
    pool_->join();
    pool_.reset(); // with what has waited
  }
  while (const auto left = computing_.load())
    computing_.wait(left);
}

boost::asio::thread_pool& blocking_pool::started() {
  std::call_once(once_, [this] {
    const any_core unpinned; // its threads are not for the core of the loop that starts them
    pool_.emplace(threads_);
  });
  return *pool_;
}

void blocking_pool::run(errand& what, event_loop& home) {
  auto& pool = started(); // first: may throw
  if (taken_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
    taken_.fetch_sub(1, std::memory_order_relaxed);
    throw error{errc::unavailable, "all threads for blocking calls are busy, and their queue is full"};
  }
  boost::asio::post(pool, [this, carried = carrier{what, home}]() mutable {
    carried.work();
    // Before it is home: who knows that a call has ended may count on its place.
    taken_.fetch_sub(1, std::memory_order_relaxed);
    carried.go_home();
  });
}

void blocking_pool::compute(errand& what, event_loop& home) {
  auto* made = new scheduled{*this, what, home};
  computing_.fetch_add(1);
  home.system().scheduler().enqueue(made);
}

void errand::arrive() {
  if (waiting == nullptr) {
    delete this;
    return;
  }
  back = true;
  resume_soon(*waiting);
}

namespace {

blocking_pool& pool_of(host& owner) {
  const auto& pool = owner.node().blocking;
  if (!pool)
    throw error{errc::unavailable, "the node has no threads for blocking calls"};
  return *pool;
}

} // namespace

void run_on_pool(host& owner, errand& what) {
  pool_of(owner).run(what, owner.loop());
}

void run_on_scheduler(host& owner, errand& what) {
  pool_of(owner).compute(what, owner.loop());
}

} // namespace troupe::detail
