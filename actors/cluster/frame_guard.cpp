#include "actors/cluster/frame_guard.hpp"

#include <caf/io/basp/header.hpp>
#include <caf/io/basp/message_type.hpp>
#include <caf/io/basp/version.hpp>
#include <caf/node_id.hpp>

#include <algorithm>
#include <cstring>

namespace troupe::detail {

namespace {

using caf::io::basp::message_type;

constexpr std::size_t header_size = caf::io::basp::header_size;
/// A node id: what kind it is of, process id, hash of the machine.
constexpr std::size_t id_size = 8 + 4 + 20;
/// Room for a batch of the largest requests that a gateway may be told to take.
constexpr std::uint32_t longest_message = 1280U * 1024 * 1024;
constexpr std::uint32_t longest_other = 4096;
/// A list without elements, and a message in which nothing is.
constexpr std::string_view empty_message{"\0\0\x03@<>", 6};
constexpr std::string_view our_messages = "@<>+troupe.";
constexpr std::size_t released_from = 1024 * 1024;

template <class Number>
Number number_at(const char* place) noexcept {
  Number out = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out = static_cast<Number>(out << 8 | static_cast<unsigned char>(place[i]));
  return out;
}

bool is_node_id(std::string_view text) noexcept {
  return text.size() == id_size
         && number_at<std::uint64_t>(text.data())
              == static_cast<std::uint64_t>(caf::node_id::default_data::class_id);
}

/// Alert and handshake, as TLS begins; as far as it is there.
bool may_be_tls(std::string_view text) noexcept {
  return (text[0] == 0x15 || text[0] == 0x16) && (text.size() == 1 || text[1] == 0x03);
}

/// Whether all values of a message are ours: "@<>+troupe.call_id+troupe.body_part".
bool is_ours(std::string_view names) noexcept {
  if (!names.starts_with(our_messages))
    return false;
  names.remove_prefix(our_messages.size());
  for (auto next = names.find('+'); next != std::string_view::npos; next = names.find('+')) {
    names.remove_prefix(next);
    if (!names.starts_with(our_messages.substr(3)))
      return false;
    names.remove_prefix(our_messages.size() - 3);
  }
  return true;
}

/// No actors on the way of the message, and none but our types in it.
bool is_our_message(std::string_view payload) noexcept {
  constexpr std::size_t before_names = 4; // no stages, no type number, a size of one byte
  if (payload.size() < before_names || payload[0] != 0 || payload[1] != 0 || payload[2] != 0)
    return false;
  const auto size = static_cast<unsigned char>(payload[3]);
  return size < 0x80 && payload.size() - before_names >= size
         && is_ours(payload.substr(before_names, size));
}

} // namespace

bool frame_guard::take(const char* bytes, std::size_t size) {
  if (!problem_.empty())
    return false;
  bytes_.insert(bytes_.end(), bytes, bytes + size);
  while (check_next()) {
  }
  return problem_.empty();
}

std::size_t frame_guard::give(void* into, std::size_t size) noexcept {
  const auto given = std::min(size, passed_ - given_);
  std::memcpy(into, bytes_.data() + given_, given);
  given_ += given;
  if (given_ == passed_) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(given_));
    given_ = passed_ = 0;
    if (bytes_.empty() && bytes_.capacity() > released_from)
      bytes_ = {};
  }
  return given;
}

bool frame_guard::check_next() {
  const auto left = bytes_.size() - passed_;
  if (left == 0)
    return false;
  const std::string_view rest{bytes_.data() + passed_, left};
  if (peer_id_.empty() && may_be_tls(rest))
    return rest.size() > 1 && refuse("it speaks TLS, which is not set up at this end");
  if (static_cast<unsigned char>(rest[0]) > static_cast<unsigned char>(message_type::heartbeat))
    return refuse("it does not speak the cluster's protocol");
  if (left < header_size)
    return false;
  const auto head = header_at(passed_);
  if (!may_come(head))
    return false;
  const auto whole = header_size + head.payload;
  if (left < whole)
    return false;
  switch (judge(head, rest.substr(header_size, head.payload))) {
  case verdict::part: return refuse("one of its messages is malformed");
  case verdict::pass: passed_ += whole; break;
  case verdict::leave_out: {
    const auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(passed_);
    bytes_.erase(from, from + static_cast<std::ptrdiff_t>(whole));
    ++left_out_;
  }
  }
  return true;
}

frame_guard::header frame_guard::header_at(std::size_t place) const noexcept {
  const auto* at = bytes_.data() + place;
  return {number_at<std::uint8_t>(at),       number_at<std::uint8_t>(at + 3),
          number_at<std::uint32_t>(at + 4),  number_at<std::uint64_t>(at + 8),
          number_at<std::uint64_t>(at + 16), number_at<std::uint64_t>(at + 24)};
}

/// Looks at the header alone, before its payload is waited for.
bool frame_guard::may_come(const header& head) {
  const auto operation = static_cast<message_type>(head.operation);
  const auto greeting =
    at_ == end::gateway ? message_type::client_handshake : message_type::server_handshake;
  const bool is_greeting =
    operation == message_type::client_handshake || operation == message_type::server_handshake;
  if (peer_id_.empty() ? operation != greeting
                       : is_greeting && (operation != greeting || at_ == end::worker))
    return refuse("it does not speak the cluster's protocol");
  const bool is_message =
    operation == message_type::direct_message || operation == message_type::routed_message;
  if (head.payload > (is_message ? longest_message : longest_other))
    return refuse("one of its messages would be " + std::to_string(head.payload) + " bytes long");
  return true;
}

frame_guard::verdict frame_guard::judge(const header& head, std::string_view payload) {
  switch (static_cast<message_type>(head.operation)) {
  case message_type::client_handshake:
    return head.source == 0 && head.target == 0 ? judge_client_handshake(payload) : verdict::part;
  case message_type::server_handshake: return judge_server_handshake(head, payload);
  case message_type::direct_message:
    if (head.target == 0 || payload.empty())
      return verdict::part;
    return (head.flags & caf::io::basp::header::named_receiver_flag) == 0
               && is_our_message(payload)
             ? verdict::pass
             : verdict::leave_out;
  case message_type::routed_message: return verdict::leave_out; // nodes speak for themselves
  case message_type::monitor_message:
    return payload.size() == 2 * id_size && head.data == 0 && is_between_us(payload)
             ? verdict::pass
             : verdict::part;
  case message_type::down_message: {
    constexpr std::size_t reason_at = 2 * id_size + 1 + 8; // behind its code and its category
    const bool fine = head.source != 0 && head.target == 0 && head.data == 0
                      && payload.size() == reason_at + empty_message.size()
                      && is_between_us(payload) && payload.substr(reason_at) == empty_message;
    return fine ? verdict::pass : verdict::part;
  }
  case message_type::heartbeat:
    return head.payload == 0 && head.source == 0 && head.target == 0 && head.data == 0
             ? verdict::pass
             : verdict::part;
  }
  return verdict::part;
}

frame_guard::verdict frame_guard::judge_client_handshake(std::string_view payload) {
  // Once more with another id, it would take over the messages for the node that has that.
  if (!is_node_id(payload) || payload == own_id_ || (!peer_id_.empty() && payload != peer_id_))
    return verdict::part;
  peer_id_ = payload;
  return verdict::pass;
}

frame_guard::verdict frame_guard::judge_server_handshake(const header& head,
                                                         std::string_view payload) {
  if (head.data != caf::io::basp::version || payload.size() <= id_size
      || !is_node_id(payload.substr(0, id_size)))
    return verdict::part;
  peer_id_ = payload.substr(0, id_size);
  return verdict::pass;
}

/// From the peer to this node.
bool frame_guard::is_between_us(std::string_view payload) const noexcept {
  return payload.size() >= 2 * id_size && payload.substr(0, id_size) == peer_id_
         && payload.substr(id_size, id_size) == own_id_;
}

bool frame_guard::refuse(std::string why) {
  problem_ = std::move(why);
  return false;
}

} // namespace troupe::detail
