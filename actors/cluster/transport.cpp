#include "actors/cluster/transport.hpp"

#include "actors/detail/caf.hpp"

#include <caf/atom.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/send.hpp>

#include <sys/socket.h>

#include <future>
#include <set>
#include <string>
#include <vector>

namespace troupe::detail {

namespace {

namespace network = caf::io::network;

/// What CAF's stream reads and writes by.
class guarded_policy {
public:
  explicit guarded_policy(std::unique_ptr<peer_connection> connection) : connection_(std::move(connection)) {}

  network::rw_state read_some(std::size_t& got, network::native_socket, void* into, std::size_t size) {
    return connection_->read(got, into, size) ? network::rw_state::success : network::rw_state::failure;
  }
  network::rw_state write_some(std::size_t& sent, network::native_socket, const void* from, std::size_t size) {
    return connection_->write(sent, from, size) ? network::rw_state::success : network::rw_state::failure;
  }
  bool must_read_more(network::native_socket, std::size_t) const { return connection_->has_more(); }

private:
  std::unique_ptr<peer_connection> connection_;
};

/// CAF's own scribe, but for where its bytes come from.
class guarded_scribe final : public caf::io::scribe {
public:
  guarded_scribe(network::default_multiplexer& where, network::native_socket socket,
                 std::unique_ptr<peer_connection> connection)
    : caf::io::scribe(network::conn_hdl_from_socket(socket)), stream_(where, socket, std::move(connection)) {}

  void configure_read(caf::io::receive_policy::config how) override {
    stream_.configure_read(how);
    if (launched_)
      return;
    launched_ = true;
    stream_.start(this);
    // What was read before is no event of the socket.
    stream_.backend().post([self = caf::intrusive_ptr<guarded_scribe>{this}] {
      if (!self->detached())
        self->stream_.handle_event(network::operation::read);
    });
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void flush() override { stream_.flush(this); }
  std::string addr() const override {
    const auto known = network::remote_addr_of_fd(stream_.fd());
    return known ? *known : std::string{};
  }
  std::uint16_t port() const override {
    const auto known = network::remote_port_of_fd(stream_.fd());
    return known ? *known : std::uint16_t{0};
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

private:
  network::stream_impl<guarded_policy> stream_;
  bool launched_ = false;
};

network::default_multiplexer& multiplexer_of(caf::actor_system& system) {
  return static_cast<network::default_multiplexer&>(system.middleman().backend());
}

std::string own_id(caf::actor_system& system) {
  std::vector<char> out;
  caf::binary_serializer sink{system, out};
  static_cast<void>(sink(system.node()));
  return {out.begin(), out.end()};
}

} // namespace

void adopted_connection::hang_up() noexcept {
  if (scribe_)
    ::shutdown(socket_, SHUT_RDWR);
  scribe_ = nullptr;
}

std::unique_ptr<peer_connection> make_connection(caf::actor_system& system, int socket, ssl_ptr tls,
                                                 frame_guard::end at) {
  // CAF gives the other end up at its first look behind the timeout, and looks six times in it: earlier than that, and
  // nobody may have done so.
  const caf::timespan timeout = caf::get_or(system.config(), "middleman.connection-timeout", caf::timespan{0});
  return std::make_unique<peer_connection>(socket, std::move(tls), frame_guard{at, own_id(system)}, timeout * 5 / 6);
}

adopted_connection adopt(caf::actor_system& system, int socket, std::unique_ptr<peer_connection> made) {
  return {caf::make_counted<guarded_scribe>(multiplexer_of(system), socket, std::move(made)), socket};
}

void publish_to(caf::actor_system& system, const adopted_connection& peer, const caf::strong_actor_ptr& actor,
                std::uint16_t port) {
  caf::anon_send(middleman_broker(system), caf::publish_atom::value, peer.scribe(), port, actor,
                 std::set<std::string>{});
}

void end_broker(caf::actor_system& system) {
  auto& sockets = system.middleman().backend();
  const auto broker = middleman_broker(system);
  std::promise<void> ended;
  sockets.dispatch([&] {
    auto& its_actor = *static_cast<caf::io::broker*>(caf::actor_cast<caf::abstract_actor*>(broker));
    its_actor.context(&sockets);
    its_actor.quit();
    its_actor.finalize();
    close_mailbox(its_actor, [](caf::mailbox_element&) {});
    ended.set_value();
  });
  ended.get_future().wait();
}

caf::actor middleman_broker(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

} // namespace troupe::detail
