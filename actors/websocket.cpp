#include "actors/websocket.hpp"

#include "actors/detail/websocket_link.hpp"
#include "actors/messages/errc.hpp"

#include <stdexcept>
#include <tuple>

namespace troupe {

namespace detail {

namespace {

constexpr std::size_t longest_reason = 123; // RFC 6455, 5.5: a control frame has 125 bytes

} // namespace

bool may_be_sent(close_code code) noexcept {
  const auto number = static_cast<unsigned>(code);
  return number >= 1000 && number < 5000 && number != 1004 && number != 1005 && number != 1006
         && number != 1015;
}

std::string close_text(close_code code, std::string_view reason) {
  const auto number = static_cast<std::uint16_t>(code);
  std::string out{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  return out.append(reason);
}

std::pair<close_code, std::string> read_close_text(std::string_view text) {
  if (text.size() < 2)
    return {close_code::none, {}};
  const auto high = static_cast<unsigned char>(text[0]), low = static_cast<unsigned char>(text[1]);
  return {static_cast<close_code>(high << 8 | low), std::string{text.substr(2)}};
}

void websocket_link::accept(std::string_view protocol) {
  if (accepted_)
    throw std::logic_error{"the WebSocket was accepted before"};
  if (acceptor_ == nullptr)
    throw error{errc::unavailable, "the WebSocket was used after its request had ended"};
  acceptor_->accept_websocket(protocol);
  accepted_ = true;
}

void websocket_link::close(close_code code, std::string_view reason) {
  if (!may_be_sent(code) || reason.size() > longest_reason)
    throw std::logic_error{"a WebSocket is closed with a code of 1000 to 4999 that may be sent, and at "
                           "most 123 bytes of reason"};
  accept_if_new();
  if (closed_)
    return;
  closed_ = true;
  code_ = code;
  reason_ = reason;
  out_->send({part_kind::close, true, close_text(code, reason)});
  wake();
}

void websocket_link::closed_by_client(std::string_view text) {
  if (std::exchange(closed_, true))
    return;
  closed_by_peer_ = true;
  std::tie(code_, reason_) = read_close_text(text);
  wake();
}

void websocket_link::wake() {
  in_->wake();
  out_->wake();
}

namespace {

task<std::optional<websocket_message>> receive_from(std::shared_ptr<websocket_link> link) {
  link->accept_if_new();
  auto& in = link->in();
  while (!in.ready() && !link->closed())
    co_await until_ready{in};
  if (!in.ready())
    co_return std::nullopt;
  auto part = in.take();
  if (!part || part->last)
    co_return std::nullopt;
  co_return websocket_message{part->kind == part_kind::binary, std::move(part->data)};
}

task<void> send_to(std::shared_ptr<websocket_link> link, part_kind kind, std::string data) {
  link->accept_if_new();
  auto& out = link->out();
  while (!out.ready() && !link->closed())
    co_await until_ready{out};
  if (link->closed())
    throw error{errc::unavailable, "the WebSocket is closed"};
  out.send({kind, false, std::move(data)});
}

} // namespace

} // namespace detail

void websocket::accept(std::string_view protocol) {
  link_->accept(protocol);
}

task<std::optional<websocket_message>> websocket::receive() {
  return detail::receive_from(link_);
}

task<void> websocket::send(std::string text) {
  return detail::send_to(link_, part_kind::text, std::move(text));
}

task<void> websocket::send_binary(std::string data) {
  return detail::send_to(link_, part_kind::binary, std::move(data));
}

void websocket::close(close_code code, std::string_view reason) {
  link_->close(code, reason);
}

close_code websocket::code() const noexcept {
  return link_->code();
}

const std::string& websocket::reason() const noexcept {
  return link_->reason();
}

} // namespace troupe
