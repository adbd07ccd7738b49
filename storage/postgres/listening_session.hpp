#pragma once

#include <libpq-fe.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::storage::postgres {

/// A session that only listens, watched by an event loop: it takes one command at a time, and no thread waits.
///
/// The loop's thread only. Nothing is called any more once it is closed or destroyed.
class listening_session : public std::enable_shared_from_this<listening_session> {
public:
  /// The server's own words, for the log, and what it calls that.
  struct refusal {
    std::string state;
    std::string why;
  };

  struct callbacks {
    /// The command has ended; none: well.
    std::function<void(std::optional<refusal>)> done;
    std::function<void(std::string_view channel, std::string_view payload)> notified;
    /// The last call: it is closed.
    std::function<void(const std::string& why)> lost;
  };

  listening_session(boost::asio::io_context& io, std::shared_ptr<PGconn> session);
  listening_session(const listening_session&) = delete;
  listening_session& operator=(const listening_session&) = delete;
  ~listening_session() { close(); }

  /// Once, first of all; calls nothing before it returns. Throws std::system_error.
  void begin(callbacks to);

  /// REQUIRES of both: no command is under way.
  void listen(const std::string& channel) { send(set_up() + "LISTEN " + identifier(channel)); }
  void unlisten(const std::string& channel) { send("UNLISTEN " + identifier(channel)); }

  /// Whether a command is under way.
  [[nodiscard]] bool busy() const noexcept { return busy_; }
  /// The same, after a look at what has come: a loop that was held up may not have got to it.
  [[nodiscard]] bool still_busy();

  void close() noexcept;

private:
  [[nodiscard]] std::string set_up();
  [[nodiscard]] std::string identifier(const std::string& name) const;
  void send(const std::string& command);
  void flush();
  void wait_for_input();
  void read();
  [[nodiscard]] bool take_all();
  [[nodiscard]] bool take();
  [[nodiscard]] bool take_result();
  void lose(const std::string& why);
  [[nodiscard]] std::string last_error() const;

  boost::asio::posix::stream_descriptor socket_; // the session's, once more
  std::shared_ptr<PGconn> session_;              // null: closed
  callbacks to_;
  bool busy_ = false;
  bool is_set_up_ = false;
  bool flushing_ = false;
  std::optional<refusal> refused_; // the command that is under way
};

} // namespace troupe::storage::postgres
