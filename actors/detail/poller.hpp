#pragma once

#include "actors/detail/file_descriptor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::detail {

/// Tells the connections of an event loop when their sockets have something: an epoll of their own, which
/// Asio's waits for. A socket is registered once and for all that may happen to it (edge-triggered), and one
/// call takes all that are ready, in the order in which they have become so. Asio itself would keep an
/// operation for each, and try to read each socket once more after every request, in vain.
///
/// Belongs to one event loop, and ends before it; not from within a call of `on_socket`.
class poller {
public:
  class watched {
  public:
    /// What has changed, as epoll tells it; 0: it has asked for its turn. May remove any of them.
    virtual void on_socket(std::uint32_t events) = 0;

  protected:
    ~watched() = default;
  };

  /// Throws std::system_error.
  explicit poller(boost::asio::io_context& io);
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  /// All that happens to a socket, once.
  static constexpr std::uint32_t all_once = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  /// False: the kernel watches as many as it can. `events`: as epoll has them; without EPOLLET it tells of them
  /// again in every turn, as long as they hold.
  [[nodiscard]] bool add(int socket, watched& who, std::uint32_t events = all_once) noexcept;
  /// Other events from now on. REQUIRES: it was added.
  void change(int socket, watched& who, std::uint32_t events) noexcept;
  void remove(int socket, watched& who) noexcept;

  /// Gives it a turn behind those that are ready now.
  void again(watched& who);

private:
  static constexpr std::size_t most_at_once = 64; // then others of the loop have their turn

  void wait();
  void take_ready();
  void take_again();

  boost::asio::io_context& io_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> epoll_;
  std::array<epoll_event, most_at_once> ready_;
  std::size_t ready_at_ = 0;
  std::size_t ready_end_ = 0;
  std::vector<watched*> again_;
  std::vector<watched*> again_now_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

} // namespace troupe::detail
