#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::detail {

/// Stands between a peer's bytes and CAF, which believes them: it would allocate whatever length a header names,
/// look for a payload where there is none, and deliver any message to any actor, also to those that it reaches by
/// name (spawn servers, the configuration). Only whole frames of BASP pass, and of those only what nodes of a cluster
/// say to each other: docs/wire.md, "Frames".
class frame_guard {
public:
  /// At whose end the peer's bytes come in.
  enum class end : std::uint8_t { gateway, worker };

  /// `own_id`: this node's id, as BASP writes it.
  frame_guard(end at, std::string own_id) : at_(at), own_id_(std::move(own_id)) {}

  /// What has come next. False: the peer is to be parted with, see problem(); nothing more may be taken.
  bool take(const char* bytes, std::size_t size);

  /// Whether there is something to give, in whole frames.
  [[nodiscard]] bool has_frames() const noexcept { return given_ < passed_; }

  /// Moves up to `size` bytes of frames that have passed; how many.
  std::size_t give(void* into, std::size_t size) noexcept;

  /// Why the peer is no node of this cluster, in words; empty: nothing is known against it.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

  /// Frames that were left out as no part of the protocol.
  [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }

private:
  struct header {
    std::uint8_t operation = 0;
    std::uint8_t flags = 0;
    std::uint32_t payload = 0;
    std::uint64_t data = 0;
    std::uint64_t source = 0;
    std::uint64_t target = 0;
  };
  enum class verdict : std::uint8_t { pass, leave_out, part };

  bool check_next();
  [[nodiscard]] header header_at(std::size_t place) const noexcept;
  bool may_come(const header& head);
  verdict judge(const header& head, std::string_view payload);
  verdict judge_client_handshake(std::string_view payload);
  verdict judge_server_handshake(const header& head, std::string_view payload);
  [[nodiscard]] bool is_between_us(std::string_view payload) const noexcept;
  bool refuse(std::string why);

  end at_;
  std::string own_id_;
  std::string peer_id_; // empty: no handshake has come
  std::string problem_;
  std::vector<char> bytes_;
  std::size_t given_ = 0;  // of bytes_; behind them what has passed, ...
  std::size_t passed_ = 0; // ... and behind that what is not whole yet
  std::uint64_t left_out_ = 0;
};

} // namespace troupe::detail
