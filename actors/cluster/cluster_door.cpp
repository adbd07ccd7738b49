#include "actors/cluster/cluster_door.hpp"

#include "config/endpoint.hpp"

#include <spdlog/spdlog.h>

#include <sys/socket.h>

#include <atomic>

namespace troupe {

namespace {

using boost::asio::ip::tcp;
using detail::peer_connection;

/// Worker nodes say who they are at once: more at a time are not nodes.
constexpr std::size_t most_callers = 256;
/// Without file descriptors, accepting again at once would only spin.
constexpr std::chrono::milliseconds pause_after_error{100};
/// For who is parted with to read why.
constexpr std::chrono::milliseconds lingering{1000};

tcp protocol_of(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  const bool known = ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) == 0;
  return known && bound.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

} // namespace

/// At most a line a second for each kind; it counts the others. Any thread: CAF's finds out, too.
class cluster_door::refusal_log {
public:
  void tell(kind what, const std::string& who, const std::string& why) {
    auto& [next, held_back] = kinds_.at(static_cast<std::size_t>(what));
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    auto due = next.load();
    constexpr auto second = std::chrono::steady_clock::duration{std::chrono::seconds{1}}.count();
    if (now < due || !next.compare_exchange_strong(due, now + second)) {
      ++held_back;
      return;
    }
    const auto others = held_back.exchange(0);
    spdlog::warn("cluster: parted with {}: {}{}", who, why,
                 others == 0 ? "" : fmt::format(" (and with {} more of this kind before)", others));
  }

private:
  struct state {
    std::atomic<std::chrono::steady_clock::rep> next{0};
    std::atomic<std::uint64_t> held_back{0};
  };
  std::array<state, 5> kinds_;
};

cluster_door::cluster_door(caf::actor_config& config, detail::event_loop& loop,
                           detail::file_descriptor listening, std::uint16_t port,
                           caf::strong_actor_ptr published, std::shared_ptr<const cluster_tls> tls,
                           std::chrono::milliseconds patience)
  : detail::pinned_actor(config, loop), acceptor_(std::in_place, loop.io()), port_(port),
    published_(std::move(published)), tls_(std::move(tls)), patience_(patience), log_(std::make_shared<refusal_log>()) {
  const auto protocol = protocol_of(listening.get());
  acceptor_->assign(protocol, listening.release());
}

caf::behavior cluster_door::make_behavior() {
  accept();
  return {[](caf::unit_t) {}};
}

void cluster_door::on_exit() {
  pause_.disarm();
  acceptor_.reset();
  while (!callers_.empty())
    forget(callers_.front());
  published_ = nullptr;
}

void cluster_door::accept() {
  acceptor_->async_accept(loop().io(), [this, alive = caf::strong_actor_ptr{ctrl()}](
                                        const boost::system::error_code& ec, tcp::socket made) {
    if (!acceptor_)
      return;
    if (!ec)
      let_in(std::move(made));
    if (!ec || ec == boost::asio::error::connection_aborted)
      return accept();
    spdlog::warn("cannot accept connections of the cluster: {}", ec.message());
    pause_.arm(
      loop().timers(), std::chrono::steady_clock::now() + pause_after_error,
      [](void* self) { static_cast<cluster_door*>(self)->accept(); }, this);
  });
}

void cluster_door::let_in(tcp::socket socket) {
  boost::system::error_code gone;
  const auto where = socket.remote_endpoint(gone);
  if (gone)
    return;
  socket.native_non_blocking(true, gone);
  if (callers_.size() >= most_callers) {
    log_->tell(kind::crowd, callers_.front()->address,
               fmt::format("more than {} connections have not said who they are", most_callers));
    forget(callers_.front());
  }
  auto who = std::make_shared<caller>(this, std::move(socket), config::to_string(config::endpoint{where.address().to_string(), where.port()}));
  who->connection = detail::make_connection(loop().system(), who->socket.native_handle(),
                                            tls_ ? tls_->from_worker() : nullptr, detail::frame_guard::end::gateway);
  who->place = callers_.insert(callers_.end(), who);
  who->limit.arm(
    loop().timers(), std::chrono::steady_clock::now() + patience_,
    [](void* self) {
      const auto late = *static_cast<caller*>(self)->place;
      late->door->part_with(late, kind::silence, "it has not said in time who it is");
    },
    who.get());
  get_to_know(who);
}

void cluster_door::get_to_know(const caller_ptr& who) {
  using step = peer_connection::step;
  auto& connection = *who->connection;
  auto now = connection.shake_hands();
  const bool shaken = now == step::done;
  if (shaken)
    now = connection.receive();
  switch (now) {
  case step::done: return hand_over(who);
  case step::wait_to_read: return wait(who, tcp::socket::wait_read);
  case step::wait_to_write: return wait(who, tcp::socket::wait_write);
  case step::failed:
    if (!connection.is_suspect())
      return forget(who); // such as who only looks whether the port is open
    return part_with(who, shaken ? kind::protocol : kind::tls, connection.problem());
  }
}

void cluster_door::wait(const caller_ptr& who, tcp::socket::wait_type until) {
  who->socket.async_wait(
    until, [this, who, alive = caf::strong_actor_ptr{ctrl()}](const boost::system::error_code& ec) {
      if (!ec && who->connection)
        get_to_know(who);
    });
}

void cluster_door::hand_over(const caller_ptr& who) {
  boost::system::error_code failed;
  auto connection = std::move(who->connection);
  connection->on_problem([log = log_, address = who->address](const std::string& why, bool suspect) {
    if (suspect)
      log->tell(kind::breach, address, why);
  });
  const auto socket = who->socket.release(failed);
  forget(who);
  if (failed)
    return;
  detail::publish_to(loop().system(), detail::adopt(loop().system(), socket, std::move(connection)), published_,
                     port_);
}

void cluster_door::part_with(const caller_ptr& who, kind why, const std::string& in_words) {
  log_->tell(why, who->address, in_words);
  boost::system::error_code ignored;
  who->connection = nullptr;
  // Closed with something unread, the connection would be reset, and what TLS has said of the reason lost.
  who->socket.shutdown(tcp::socket::shutdown_send, ignored);
  who->limit.arm(
    loop().timers(), std::chrono::steady_clock::now() + lingering,
    [](void* self) {
      const auto late = *static_cast<caller*>(self)->place;
      late->door->forget(late);
    },
    who.get());
  callers_.splice(callers_.end(), callers_, who->place);
  read_the_rest(who);
}

void cluster_door::read_the_rest(const caller_ptr& who) {
  std::array<char, 4096> buffer;
  const auto got = ::recv(who->socket.native_handle(), buffer.data(), buffer.size(), 0);
  const bool waits = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (got <= 0 && !waits)
    return forget(who);
  who->socket.async_wait(tcp::socket::wait_read,
                         [this, who, alive = caf::strong_actor_ptr{ctrl()}](const boost::system::error_code& ec) {
                           if (!ec && who->socket.is_open())
                             read_the_rest(who);
                         });
}

void cluster_door::forget(const caller_ptr& who) {
  const auto kept = who; // `who` may be the list's own
  boost::system::error_code ignored;
  kept->limit.disarm();
  kept->connection = nullptr;
  if (kept->socket.is_open())
    kept->socket.close(ignored);
  if (kept->door != nullptr)
    callers_.erase(kept->place);
  kept->door = nullptr;
}

} // namespace troupe
