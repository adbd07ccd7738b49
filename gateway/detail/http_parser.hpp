#pragma once

#include "actors/messages/request.hpp"
#include "actors/messages/sql.hpp"
#include "config/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace troupe::gateway {

/// Reads the requests of one connection, one after the other. Never touches a socket.
class http_parser {
public:
  /// `limits` outlives the parser. `over_tls`: requests are of https, not of http.
  explicit http_parser(const config::http_settings& limits, bool over_tls = false);
  ~http_parser();

  enum class progress {
    head,      ///< the head is complete and a body follows; only after `tell_heads`
    need_more, ///< all bytes are used or kept for later, the message is not complete
    complete,  ///< `message()` can be taken; bytes may be left over
    failed,    ///< `problem()` says why; the connection cannot be read any further
  };

  /// Feeds bytes; adds to `used` how many of them are done with. The rest has to be given again,
  /// with more behind it.
  progress feed(std::string_view bytes, std::size_t& used);

  /// From now on `feed` stops behind each head that a body follows, with `progress::head`, so that
  /// `limit_body` may be called and the request be taken before its body.
  void tell_heads() noexcept { tells_heads_ = true; }

  /// Another bound on this body's size than the settings have. A problem when it is known already
  /// to be larger. REQUIRES: `feed` has just given `head`.
  std::optional<failure> limit_body(std::uint64_t bytes);

  /// REQUIRES: complete, or in its body: what has come of that.
  [[nodiscard]] request& message() noexcept;
  /// REQUIRES: the head is complete. May the connection carry another request?
  [[nodiscard]] bool may_keep_alive() const noexcept;
  /// The same, and the message was read to its end.
  [[nodiscard]] bool keep_alive() const noexcept;
  /// The request line has been read and its method is one we know.
  [[nodiscard]] bool knows_method() const noexcept;
  /// The client speaks HTTP/1.0.
  [[nodiscard]] bool is_old() const noexcept;
  /// REQUIRES: failed.
  [[nodiscard]] const failure& problem() const noexcept;
  /// The head is complete and the body is not: the client may wait for "100 Continue".
  [[nodiscard]] bool wants_continue() const noexcept;
  /// The client asks for a WebSocket instead of an answer. REQUIRES: the head is complete.
  [[nodiscard]] bool wants_websocket() const noexcept;
  /// There is such a field, or there are several. REQUIRES: the head is complete.
  [[nodiscard]] bool has_traceparent() const noexcept;
  /// The head is complete.
  [[nodiscard]] bool in_body() const noexcept;
  /// Nothing of a message has been seen.
  [[nodiscard]] bool untouched() const noexcept;

  /// Makes ready for the next message.
  void reset();

private:
  struct message_facts;
  class message_parser;
  const config::http_settings& limits_;
  std::unique_ptr<message_parser> parser_;
  bool tells_heads_ = false;
};

} // namespace troupe::gateway
