#include "gateway/detail/problem.hpp"

#include "actors/request_id.hpp"

#include <nlohmann/json.hpp>

namespace troupe::gateway {

std::uint16_t status_of(errc code) noexcept {
  switch (code) {
  case errc::invalid_argument: return 400;
  case errc::unauthorized: return 401;
  case errc::forbidden: return 403;
  case errc::not_found: return 404;
  case errc::method_not_allowed: return 405;
  case errc::request_timeout: return 408;
  case errc::conflict: return 409;
  case errc::serialization_failure: return 409;
  case errc::length_required: return 411;
  case errc::payload_too_large: return 413;
  case errc::uri_too_long: return 414;
  case errc::unsupported_media_type: return 415;
  case errc::expectation_failed: return 417;
  case errc::unprocessable: return 422;
  case errc::upgrade_required: return 426;
  case errc::too_many_requests: return 429;
  case errc::header_too_large: return 431;
  case errc::internal: return 500;
  case errc::not_implemented: return 501;
  case errc::node_lost: return 502;
  case errc::unavailable: return 503;
  case errc::outcome_unknown: return 503;
  case errc::deadline_exceeded: return 504;
  case errc::version_not_supported: return 505;
  }
  return 500; // a code that only a newer node knows
}

response problem(const failure& what, std::uint64_t request_id, unsigned retry_after) {
  auto code = status_of(what.code);
  // What an internal failure says is for the log alone.
  auto detail = code == 500 ? "the server failed; its log has the details under this request_id"
                            : what.detail;
  nlohmann::ordered_json body{{"type", "about:blank"},
                              {"title", reason_phrase(code)},
                              {"status", code},
                              {"detail", detail},
                              {"request_id", format_request_id(request_id)}};
  response out;
  out.status = code;
  out.headers.add("Content-Type", "application/problem+json");
  // Not for what may have happened already: who is told to come again would have it done twice.
  if ((code == 503 || code == 429) && what.code != errc::outcome_unknown)
    out.headers.add("Retry-After", std::to_string(retry_after));
  out.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return out;
}

} // namespace troupe::gateway
