#pragma once

#include "actors/detail/stream_ends.hpp"
#include "actors/websocket.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::detail {

/// Whether a Close frame may have it (RFC 6455, 7.4).
bool may_be_sent(close_code code) noexcept;

/// The text of a part that closes a WebSocket: the code in two bytes, the reason.
std::string close_text(close_code code, std::string_view reason);
std::pair<close_code, std::string> read_close_text(std::string_view text);

/// What all handles of one WebSocket share, at the worker. One loop's thread only.
class websocket_link {
public:
  websocket_link(std::shared_ptr<part_receiver> in, std::shared_ptr<part_sender> out)
    : in_(std::move(in)), out_(std::move(out)) {}

  /// The request's actor: to be asked for the 101.
  class acceptor {
  public:
    virtual void accept_websocket(std::string_view protocol) = 0;

  protected:
    ~acceptor() = default;
  };
  void attach(acceptor* by) noexcept { acceptor_ = by; }

  void accept(std::string_view protocol);
  [[nodiscard]] bool accepted() const noexcept { return accepted_; }
  void accept_if_new() {
    if (!accepted_)
      accept({});
  }

  void close(close_code code, std::string_view reason);
  /// The client has closed it, or is lost.
  void closed_by_client(std::string_view text);

  [[nodiscard]] bool closed() const noexcept { return closed_; }
  /// Nothing was sent that closes it: the client was first.
  [[nodiscard]] bool closed_by_peer() const noexcept { return closed_by_peer_; }
  [[nodiscard]] close_code code() const noexcept { return code_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] part_receiver& in() noexcept { return *in_; }
  [[nodiscard]] part_sender& out() noexcept { return *out_; }

private:
  void wake();

  std::shared_ptr<part_receiver> in_;
  std::shared_ptr<part_sender> out_;
  acceptor* acceptor_ = nullptr; // null: the request has ended
  bool accepted_ = false;
  bool closed_ = false; // no more is sent
  bool closed_by_peer_ = false;
  close_code code_ = close_code::none;
  std::string reason_;
};

} // namespace troupe::detail
