#pragma once

#include "actors/cluster/frame_guard.hpp"
#include "actors/detail/openssl.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace troupe::detail {

/// A connection between two nodes: a socket that does not block and belongs to somebody else, TLS on it or not, and the
/// guard of what comes in. One thread at a time: an event loop while the peer is got to know, then CAF's.
class peer_connection {
public:
  enum class step { done, wait_to_read, wait_to_write, failed };

  /// `tls`: null for none. `longest_silence`: what comes behind a longer one is not taken, and the connection ends:
  /// this end was frozen or cut off for so long that the other one may have given it up, and turned to another node.
  /// 0: any may be.
  peer_connection(int socket, ssl_ptr tls, frame_guard guard, std::chrono::nanoseconds longest_silence);

  /// Is told once why the connection has ended, and whether the other end has said something wrong, rather than just
  /// gone. Called on the thread that finds out.
  using problem_handler = std::function<void(const std::string& why, bool suspect)>;
  void on_problem(problem_handler told) { told_ = std::move(told); }

  /// Again once the socket is ready; done at once without TLS.
  step shake_hands();

  /// Takes what the socket has. Done: at least one frame has passed, see read().
  step receive();

  /// CAF's way: false when the connection has ended; `got` is 0 when nothing is there.
  bool read(std::size_t& got, void* into, std::size_t size);
  bool write(std::size_t& sent, const void* from, std::size_t size);

  /// Whether read() would give something without the socket being ready.
  [[nodiscard]] bool has_more() const noexcept;

  /// Why it has failed, in words; empty while it has not.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

  /// Whether that is something which the other end has said.
  [[nodiscard]] bool is_suspect() const noexcept { return suspect_; }

private:
  step receive_some();
  /// How long nothing was read before now; 0 the first time.
  std::chrono::nanoseconds end_of_silence() noexcept;
  step outcome(int result);
  step fail(std::string why, bool suspect);

  int socket_;
  ssl_ptr tls_;
  frame_guard guard_;
  std::chrono::nanoseconds longest_silence_;
  std::chrono::steady_clock::time_point last_heard_{}; // or never
  problem_handler told_;
  std::string problem_;
  bool shaken_ = false;
  bool suspect_ = false;
};

} // namespace troupe::detail
