#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <caf/io/network/default_multiplexer.hpp>

#include <optional>

namespace troupe::detail {

class event_loop;

/// CAF's way to its sockets, run by an event loop instead of a thread of its own: what goes to another node, or comes from
/// there, wakes no further thread. Set `middleman.manual-multiplexing` for it.
///
/// Belongs to the thread that CAF's middleman was started on, then to the loop's, and once that has ended to the one that
/// ends it, to which whatever comes goes through CAF's pipe.
class loop_multiplexer final : public caf::io::network::default_multiplexer {
public:
  explicit loop_multiplexer(caf::actor_system* system) : default_multiplexer(system) {}

  /// The loop runs it from now on; returns when it does. REQUIRES: the loop runs.
  void run_on(event_loop& loop);

  /// Nothing is looked at by itself any more. REQUIRES: the loop has ended, and has not been destroyed.
  void leave();

  void exec_later(caf::resumable* what) override;

private:
  void run_some();
  void run_soon();
  void wait();

  event_loop* loop_ = nullptr;
  std::optional<boost::asio::posix::stream_descriptor> events_; // of the sockets together
  bool running_ = false;
  bool run_posted_ = false;
  bool waiting_ = false;
};

} // namespace troupe::detail
