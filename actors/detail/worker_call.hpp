#pragma once

#include "actors/body_writer.hpp"
#include "actors/detail/span.hpp"
#include "actors/detail/stream_ends.hpp"
#include "actors/detail/websocket_link.hpp"
#include "actors/detail/worker_actor.hpp"

#include <memory>

namespace troupe::detail {

/// A request in work: everything that its coroutine refers to stays here until it has ended.
struct worker_actor::call final : activity, completion {
  std::coroutine_handle<> completed() noexcept override {
    owner->finish(*this);
    return std::noop_coroutine();
  }

  worker_actor* owner = nullptr;
  caf::strong_actor_ptr from;
  near_asker* near = nullptr; // the same, if it has come from nearby
  call_id id;
  troupe::request what;
  task<troupe::response> work;
  std::size_t place = 0; // in running_
  std::unique_ptr<worker_actor::streams> streams; // null for most
  std::unique_ptr<open_span> span;                // the same
};

/// What a request has beside when its body, or that of its response, is a stream.
struct worker_actor::streams final : stream_peer, websocket_link::acceptor, completion {
  explicit streams(call& c) noexcept : of(c) {}

  void send_part(body_part&& what) override;
  void send_credit(std::uint64_t bytes) override;
  void accept_websocket(std::string_view protocol) override;
  /// The body has been written.
  std::coroutine_handle<> completed() noexcept override {
    of.owner->end_body(of);
    return std::noop_coroutine();
  }

  call& of;
  std::shared_ptr<part_receiver> in;
  std::shared_ptr<part_sender> out;
  std::shared_ptr<websocket_link> socket;
  std::shared_ptr<const body_source> source;
  task<void> producing;
};

} // namespace troupe::detail
