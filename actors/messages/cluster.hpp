#pragma once

#include "actors/messages/call.hpp"
#include "actors/messages/peer.hpp"
#include "actors/messages/stickiness.hpp"
#include "actors/messages/stream.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// Raised when a change of these messages or of `request`/`response` breaks older nodes.
inline constexpr std::uint32_t protocol_version = 3;
/// The oldest one that is spoken as well: nodes of adjacent versions work together, in the older one.
inline constexpr std::uint32_t oldest_protocol = 3;

/// Worker node -> gateway node, first message. Its layout never changes, so that any two versions
/// can tell each other why they part.
struct hello {
  std::uint32_t protocol = protocol_version;
  std::string node;
  std::string software;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, hello& x) {
    return f(x.protocol, x.node, x.software);
  }
};

/// Gateway node -> worker node, answer to `hello` (go on) and to `join_request` (you are in).
/// Layout never changes.
struct welcome {
  std::uint32_t protocol = protocol_version;
  std::string gateway;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, welcome& x) {
    return f(x.protocol, x.gateway);
  }
};

/// Gateway node -> worker node: not accepted, with a sentence for the operator. Layout never
/// changes.
struct refusal {
  std::string reason;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, refusal& x) {
    return f(x.reason);
  }
};

struct route_announcement {
  http_method method = http_method::get;
  std::string pattern;
  route_kind kind = route_kind::whole;
  /// The largest body of its requests, in bytes; 0: the gateway's own setting.
  std::uint64_t max_body = 0;
  /// Its requests may be carried out twice.
  bool idempotent = false;
  /// By what its requests keep to a node.
  stickiness sticky{};
  /// A request that has not been answered after so long is sent to another node as well; 0: never.
  std::chrono::milliseconds hedge_after{0};

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, route_announcement& x) {
    return f(x.method, x.pattern, x.kind, x.max_body, x.idempotent, x.sticky, x.hedge_after);
  }
};

struct service_announcement {
  std::string name;
  /// One instance in the whole cluster answers for it.
  bool singleton = false;
  /// In the node's own order: `request::route` counts these.
  std::vector<route_announcement> routes;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, service_announcement& x) {
    return f(x.name, x.singleton, x.routes);
  }
};

/// Worker node -> gateway node, after `welcome`: what it serves and where to send requests.
struct join_request {
  std::string node;
  /// Chosen by chance when the node starts; not 0.
  std::uint64_t id = 0;
  /// Event loops; what it can take is measured by them.
  std::uint32_t capacity = 1;
  /// Requests that it takes from a gateway before it has answered.
  std::uint32_t max_in_work = 1;
  std::vector<service_announcement> services;
  /// The kinds of keyed actors of the whole cluster that it can host.
  std::vector<std::string> kinds;
  /// One actor for each event loop, each takes `request_batch`.
  std::vector<caf::actor> dispatchers;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, join_request& x) {
    return f(x.node, x.id, x.capacity, x.max_in_work, x.services, x.kinds, x.dispatchers);
  }
};

/// Worker node -> gateway node: no more requests, please; what is under way will be answered.
struct leave_request {
  std::string node;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, leave_request& x) {
    return f(x.node);
  }
};

/// Gateway node -> worker node: an operator wants it to end as by SIGTERM.
struct stop_request {
  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, stop_request&) {
    return f();
  }
};

/// Gateway node -> worker node, answer to `leave_request`: as many `farewell` will come.
struct leaving {
  std::uint32_t loops = 0;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, leaving& x) {
    return f(x.loops);
  }
};

/// One gateway loop -> the actor that sent `join_request`: this loop sends the node nothing more.
struct farewell {
  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, farewell&) {
    return f();
  }
};

/// Worker node -> gateway node and back: all that was sent before has arrived.
struct probe {
  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, probe&) {
    return f();
  }
};

/// Gateway node -> gateway node, after `welcome`: it wants to be told of to nodes that join.
struct gateway_request {
  std::string name;
  /// HOST:PORT, where nodes join it.
  std::string address;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, gateway_request& x) {
    return f(x.name, x.address);
  }
};

/// Gateway node -> worker nodes and gateway nodes that have joined it: the addresses of all gateways that it knows;
/// after each change.
struct gateway_list {
  std::vector<std::string> addresses;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, gateway_list& x) {
    return f(x.addresses);
  }
};

/// Gateway node -> worker node: all nodes that take requests through it, itself among them when it has workers; after
/// each change.
struct peer_list {
  std::vector<peer> peers;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, peer_list& x) {
    return f(x.peers);
  }
};

/// From one node to another, or back, by way of a gateway that both have joined, or that one of them is.
struct peer_message {
  enum class kind : std::uint8_t {
    ask = 0,
    tell = 1,
    answer = 2,
    failed = 3, // `code` and `text` say why
    moved = 4,  // by the view of the receiver the key is another node's: it has done nothing
  };

  std::uint64_t to = 0;
  std::uint64_t from = 0;
  kind what = kind::ask;
  /// Of the asker; comes back with the answer. Of tell: how often it was passed on.
  std::uint64_t call = 0;
  /// ask and tell: the actor, and the name of the message's type.
  std::string actor_kind;
  std::string key;
  std::string type;
  /// JSON: the message, or the answer.
  std::string text;
  errc code = errc::internal;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, peer_message& x) {
    return f(x.to, x.from, x.what, x.call, x.actor_kind, x.key, x.type, x.text, x.code);
  }
};

/// One request on its way to a worker node.
struct remote_request {
  call_id call;
  std::string service;
  troupe::request request;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, remote_request& x) {
    return f(x.call, x.service, x.request);
  }
};

/// All requests of one turn of a gateway's loop for one node.
struct request_batch {
  std::vector<remote_request> items;
  /// By a clock of the sender's, in milliseconds: who gets several can tell which have been under way for longer.
  std::uint64_t sent_at = 0;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, request_batch& x) {
    return f(x.items, x.sent_at);
  }
};

/// A request whose body comes as `body_part`s: goes by itself.
struct stream_request {
  remote_request what;
  std::uint64_t sent_at = 0; ///< as in `request_batch`

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, stream_request& x) {
    return f(x.what, x.sent_at);
  }
};

/// One answer: a response, or a failure when `failed`.
struct remote_response {
  call_id call;
  bool failed = false;
  troupe::response response;
  troupe::failure failure;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, remote_response& x) {
    return f(x.call, x.failed, x.response, x.failure);
  }
};

/// All responses of one turn of a worker's loop for one gateway loop.
struct response_batch {
  std::vector<remote_response> items;
  /// How long that loop is busy for one request, of late; 0: not known.
  std::uint32_t busy_us = 0;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, response_batch& x) {
    return f(x.items, x.busy_us);
  }
};

} // namespace troupe
