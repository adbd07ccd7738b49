#include "actors/cluster/loop_multiplexer.hpp"

#include "actors/detail/event_loop.hpp"

#include <boost/asio/post.hpp>

#include <future>
#include <thread>

namespace troupe::detail {

namespace {

using caf::io::network::default_multiplexer;

/// CAF keeps the descriptor of its epoll to itself. An explicit instantiation may name a private member.
int epoll_of(default_multiplexer& from);
template <auto Member>
struct private_member {
  friend int epoll_of(default_multiplexer& from) { return from.*Member; }
};
template struct private_member<&default_multiplexer::epollfd_>;

/// Rounds of events of sockets, up to 64 in each, before others of the loop get their turn.
constexpr int rounds_in_a_row = 8;

} // namespace

void loop_multiplexer::run_on(event_loop& loop) {
  std::promise<void> done;
  boost::asio::post(loop.io(), [&] {
    thread_id(std::this_thread::get_id());
    loop_ = &loop;
    events_.emplace(loop.io(), epoll_of(*this));
    run_some(); // what CAF has left for it so far
    done.set_value();
  });
  done.get_future().wait();
}

void loop_multiplexer::leave() {
  events_->release();
  events_.reset();
}

void loop_multiplexer::exec_later(caf::resumable* what) {
  default_multiplexer::exec_later(what);
  if (std::this_thread::get_id() == thread_id() && loop_ != nullptr)
    run_soon();
}

/// Behind what is ready on this loop: all that is sent in a turn goes out together.
void loop_multiplexer::run_soon() {
  if (running_ || std::exchange(run_posted_, true))
    return;
  boost::asio::post(loop_->io(), [this] {
    run_posted_ = false;
    run_some();
  });
}

void loop_multiplexer::run_some() {
  running_ = true;
  int rounds = 0;
  while (rounds < rounds_in_a_row && try_run_once())
    ++rounds;
  running_ = false;
  if (rounds == rounds_in_a_row)
    run_soon();
  else
    wait();
}

void loop_multiplexer::wait() {
  if (std::exchange(waiting_, true))
    return;
  events_->async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code ec) {
    waiting_ = false;
    if (!ec)
      run_some();
  });
}

} // namespace troupe::detail
