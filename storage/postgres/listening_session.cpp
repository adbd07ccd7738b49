#include "storage/postgres/listening_session.hpp"

#include "storage/detail/sql_text.hpp"
#include "storage/postgres/libpq.hpp"

#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

namespace troupe::storage::postgres {

namespace {

constexpr int first_with_idle_timeouts = 140'000;

/// After so many reads in a row others of the loop have their turn.
constexpr int most_reads = 16;

struct memory_freer {
  void operator()(void* block) const noexcept { PQfreemem(block); }
};

} // namespace

listening_session::listening_session(boost::asio::io_context& io, std::shared_ptr<PGconn> session)
  : socket_(io), session_(std::move(session)) {}

void listening_session::begin(callbacks to) {
  to_ = std::move(to);
  log_notices(session_.get());
  PQsetnonblocking(session_.get(), 1);
  const int own = fcntl(PQsocket(session_.get()), F_DUPFD_CLOEXEC, 0); // libpq may close its own at any time
  if (own < 0)
    throw std::system_error{errno, std::generic_category(), "cannot watch the socket"};
  boost::system::error_code refused;
  socket_.assign(own, refused);
  if (refused) {
    ::close(own);
    throw std::system_error{refused.value(), std::generic_category(), "cannot watch the socket"};
  }
  wait_for_input();
}

void listening_session::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
  session_.reset();
}

/// It is idle for good reason; a server may end those that are.
std::string listening_session::set_up() {
  const bool first = !std::exchange(is_set_up_, true);
  return first && PQserverVersion(session_.get()) >= first_with_idle_timeouts ? "SET idle_session_timeout = 0; " : "";
}

std::string listening_session::identifier(const std::string& name) const {
  const std::unique_ptr<char, memory_freer> quoted{PQescapeIdentifier(session_.get(), name.data(), name.size())};
  if (!quoted)
    throw std::bad_alloc{}; // the only other reason is a name that is not UTF-8, which none is here
  return quoted.get();
}

void listening_session::send(const std::string& command) {
  busy_ = true;
  refused_.reset();
  if (PQsendQuery(session_.get(), command.c_str()) == 0)
    // Not from within the caller's call.
    return boost::asio::post(socket_.get_executor(), [weak = weak_from_this(), why = last_error()] {
      if (const auto self = weak.lock())
        self->lose(why);
    });
  flush();
}

void listening_session::flush() {
  if (flushing_ || PQflush(session_.get()) != 1) // -1: reading tells why
    return;
  flushing_ = true;
  socket_.async_wait(decltype(socket_)::wait_write, [weak = weak_from_this()](const boost::system::error_code& failed) {
    const auto self = weak.lock();
    if (!self || failed || !self->session_)
      return;
    self->flushing_ = false;
    self->flush();
  });
}

void listening_session::wait_for_input() {
  socket_.async_wait(decltype(socket_)::wait_read, [weak = weak_from_this()](const boost::system::error_code& failed) {
    if (const auto self = weak.lock(); self && !failed && self->session_)
      self->read();
  });
}

void listening_session::read() {
  const bool had_all = take_all();
  if (!session_)
    return;
  flush();
  if (had_all)
    return wait_for_input();
  boost::asio::post(socket_.get_executor(), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->session_)
      self->read();
  });
}

/// With TLS the socket may be empty while libpq's buffers are not: until twice nothing has come. False: there may be
/// more.
bool listening_session::take_all() {
  int nothing = 0;
  for (int reads = 0; reads < most_reads && nothing < 2 && session_; ++reads) {
    if (PQconsumeInput(session_.get()) == 0) {
      lose(last_error());
      return true;
    }
    nothing = take() ? 0 : nothing + 1;
  }
  return nothing == 2;
}

/// False: nothing was there. What it calls may close the session.
bool listening_session::take() {
  bool any = take_result();
  while (session_) {
    const std::unique_ptr<PGnotify, memory_freer> each{PQnotifies(session_.get())};
    if (!each)
      break;
    any = true;
    to_.notified(each->relname, each->extra);
  }
  return any;
}

/// Also what comes unasked for: the server's last words, for one.
bool listening_session::take_result() {
  bool any = false;
  while (PQisBusy(session_.get()) == 0) {
    const result_ptr result{PQgetResult(session_.get())};
    if (!result) {
      if (std::exchange(busy_, false)) {
        any = true;
        to_.done(std::exchange(refused_, {}));
      }
      break;
    }
    any = true;
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK)
      continue;
    const auto state = state_of(result.get());
    refused_ = refusal{!state.empty() ? state : "08006", one_line(PQresultErrorMessage(result.get()))};
  }
  return any;
}

bool listening_session::still_busy() {
  const auto self = shared_from_this(); // what is called may let go of it
  static_cast<void>(take_all());
  return session_ && busy_;
}

void listening_session::lose(const std::string& why) {
  if (!session_)
    return;
  close();
  to_.lost(why);
}

std::string listening_session::last_error() const {
  return one_line(PQerrorMessage(session_.get()));
}

} // namespace troupe::storage::postgres
