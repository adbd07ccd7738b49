#pragma once

#include "actors/cluster/cluster_tls.hpp"
#include "actors/cluster/transport.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/file_descriptor.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <caf/behavior.hpp>

#include <array>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

/// A gateway's cluster address: accepts connections and gets to know who calls. A caller has a few seconds to shake
/// hands, over TLS if that is set up, and to say who it is; only then CAF's middleman hears of it. Who fails is parted
/// with, and the log has at most one line a second for each kind of failure. Ended, it accepts no more; who is joined
/// stays.
class cluster_door : public detail::pinned_actor {
public:
  /// `listening`: a socket that listens at `port`. `tls`: null for none. `published`: the actor that worker nodes find.
  cluster_door(caf::actor_config& config, detail::event_loop& loop, detail::file_descriptor listening,
               std::uint16_t port, caf::strong_actor_ptr published, std::shared_ptr<const cluster_tls> tls,
               std::chrono::milliseconds patience = std::chrono::seconds{5});

  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  /// A connection that has not said yet who it is, or is to end.
  struct caller {
    cluster_door* door;
    boost::asio::ip::tcp::socket socket;
    std::string address;
    std::unique_ptr<detail::peer_connection> connection;
    detail::timer limit;
    std::list<std::shared_ptr<caller>>::iterator place;
  };
  using caller_ptr = std::shared_ptr<caller>;
  enum class kind : std::uint8_t { tls, protocol, silence, crowd, breach };
  class refusal_log;

  void accept();
  void let_in(boost::asio::ip::tcp::socket socket);
  void get_to_know(const caller_ptr& who);
  void wait(const caller_ptr& who, boost::asio::ip::tcp::socket::wait_type until);
  void hand_over(const caller_ptr& who);
  void part_with(const caller_ptr& who, kind why, const std::string& in_words);
  void read_the_rest(const caller_ptr& who);
  void forget(const caller_ptr& who);

  std::optional<boost::asio::ip::tcp::acceptor> acceptor_; // none once it has ended: it must not outlive the loop
  std::uint16_t port_;
  caf::strong_actor_ptr published_;
  std::shared_ptr<const cluster_tls> tls_;
  std::chrono::milliseconds patience_;
  std::list<caller_ptr> callers_; // the oldest first
  std::shared_ptr<refusal_log> log_;
  detail::timer pause_;
};

} // namespace troupe
