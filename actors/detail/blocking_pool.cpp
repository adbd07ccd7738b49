#include "actors/detail/blocking_pool.hpp"

#include "actors/blocking.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/event_loop.hpp"

#include <boost/asio/post.hpp>

#include <caf/scheduler/abstract_coordinator.hpp>

namespace troupe::detail {

namespace {

/// Owns an errand on its way: sends it home when it was worked on, and frees it otherwise.
class carrier {
public:
  carrier(errand& what, event_loop& home) noexcept : what_(&what), home_(&home) {}
  carrier(carrier&& other) noexcept
    : what_(std::exchange(other.what_, nullptr)), home_(other.home_) {}
  carrier& operator=(carrier&&) = delete;
  ~carrier() {
    if (what_ != nullptr)
      home_->send(*what_); // undone: only at the end of the node, when nobody waits any more
  }
  void work() noexcept { what_->work(); }
  void go_home() noexcept { home_->send(*std::exchange(what_, nullptr)); }

private:
  errand* what_;
  event_loop* home_;
};

/// An errand for CAF's scheduler.
class scheduled_errand final : public caf::resumable, public caf::ref_counted {
public:
  scheduled_errand(errand& what, event_loop& home) noexcept : what_(what, home) {}

  subtype_t subtype() const override { return unspecified; }
  caf::resumable::resume_result resume(caf::execution_unit*, size_t) override {
    what_.work();
    what_.go_home();
    return caf::resumable::done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

private:
  carrier what_;
};

} // namespace

blocking_pool::blocking_pool(unsigned threads, unsigned queue)
  : threads_(threads), limit_(threads + queue) {}

blocking_pool::~blocking_pool() {
  stop();
}

void blocking_pool::stop() {
  if (!pool_)
    return;
  pool_->stop();
  pool_->join();
  pool_.reset();
}

boost::asio::thread_pool& blocking_pool::started() {
  std::call_once(once_, [this] { pool_.emplace(threads_); });
  return *pool_;
}

void blocking_pool::run(errand& what, event_loop& home) {
  if (taken_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
    taken_.fetch_sub(1, std::memory_order_relaxed);
    throw error{errc::unavailable, "all threads for blocking calls are busy, and their queue is full"};
  }
  boost::asio::post(started(), [this, carried = carrier{what, home}]() mutable {
    carried.work();
    // Before it is home: who knows that a call has ended may count on its place.
    taken_.fetch_sub(1, std::memory_order_relaxed);
    carried.go_home();
  });
}

void errand::arrive() {
  if (waiting == nullptr) {
    delete this;
    return;
  }
  back = true;
  resume_soon(*waiting);
}

void run_on_pool(host& owner, errand& what) {
  const auto& pool = owner.node().blocking;
  if (!pool)
    throw error{errc::unavailable, "the node has no threads for blocking calls"};
  pool->run(what, owner.loop());
}

void run_on_scheduler(event_loop& from, errand& what) {
  from.system().scheduler().enqueue(new scheduled_errand{what, from});
}

} // namespace troupe::detail
