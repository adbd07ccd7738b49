#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe {

/// Why a request, a message or a statement failed, in the vocabulary of this framework alone.
///
/// Library errors (SQLSTATE, CAF, Asio) are translated into these codes where they appear; exactly
/// one file translates them into HTTP (gateway/detail/problem.cpp). The numbers go over the wire
/// between nodes: append, never reorder. The number in front of each description is its HTTP status.
enum class errc : std::uint8_t {
  /// 400: The caller sent something that cannot be understood: fix the request, do not repeat it.
  invalid_argument = 1,
  /// 401: The caller must say who it is.
  unauthorized = 2,
  /// 403: The caller is known and may not do this.
  forbidden = 3,
  /// 404: The thing asked for does not exist (also: a query for one row found none).
  not_found = 4,
  /// 405: The thing exists but does not answer to this HTTP method.
  method_not_allowed = 5,
  /// 408: The client took too long to send its request.
  request_timeout = 6,
  /// 409: The request contradicts the present state (unique or foreign key violated, version changed).
  conflict = 7,
  /// 411: The handler reads a body and the request declared none.
  length_required = 8,
  /// 413: The body is larger than the configured limit.
  payload_too_large = 9,
  /// 414: The request target is longer than the configured limit.
  uri_too_long = 10,
  /// 415: The body's media type is not one the handler takes.
  unsupported_media_type = 11,
  /// 422: The body is well-formed but its content is not acceptable.
  unprocessable = 12,
  /// 429: The caller sends more than it may: wait, then repeat.
  too_many_requests = 13,
  /// 431: The header section is larger, or has more fields, than configured.
  header_too_large = 14,
  /// 500: A bug or an unexpected failure on our side; details stand in the log only.
  internal = 15,
  /// 501: The server does not know this method or transfer coding.
  not_implemented = 16,
  /// 502: The node that worked on the request was lost; whether the work was done is unknown.
  node_lost = 17,
  /// 503: Something that is needed is away for now (database, worker node): repeat later.
  unavailable = 18,
  /// 504: The answer did not come in time.
  deadline_exceeded = 19,
  /// 505: The protocol version is not one this server speaks.
  version_not_supported = 20,
  /// 417: The expectation of the request's Expect field cannot be met.
  expectation_failed = 21,
  /// 426: The path is a WebSocket's, and the request did not ask for one.
  upgrade_required = 22,
  /// 409: A transaction at the same time got in the way (serialization failure, deadlock), and nothing of this one
  /// is left: the same once more may well succeed.
  serialization_failure = 23,
  /// 503: The database was lost while it ran a statement or a commit that may have taken effect: nobody knows. To
  /// look before it is repeated; of a statement that is `unavailable` nothing is left.
  outcome_unknown = 24,
};

/// The code's stable lower-case name, e.g. "not_found"; never empty for a declared enumerator.
std::string_view to_string(errc code) noexcept;

/// The exception for all expected failures. `what()` is a sentence that the client may see: it must
/// not hold anything internal. Thrown by handlers and by awaited operations.
class error : public std::runtime_error {
public:
  error(errc code, const std::string& detail) : std::runtime_error(detail), code_(code) {}

  [[nodiscard]] errc code() const noexcept { return code_; }

private:
  errc code_;
};

} // namespace troupe
