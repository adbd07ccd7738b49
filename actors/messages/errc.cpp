#include "actors/messages/errc.hpp"

namespace troupe {

std::string_view to_string(errc code) noexcept {
  switch (code) {
  case errc::invalid_argument: return "invalid_argument";
  case errc::unauthorized: return "unauthorized";
  case errc::forbidden: return "forbidden";
  case errc::not_found: return "not_found";
  case errc::method_not_allowed: return "method_not_allowed";
  case errc::request_timeout: return "request_timeout";
  case errc::conflict: return "conflict";
  case errc::length_required: return "length_required";
  case errc::payload_too_large: return "payload_too_large";
  case errc::uri_too_long: return "uri_too_long";
  case errc::unsupported_media_type: return "unsupported_media_type";
  case errc::unprocessable: return "unprocessable";
  case errc::too_many_requests: return "too_many_requests";
  case errc::header_too_large: return "header_too_large";
  case errc::internal: return "internal";
  case errc::not_implemented: return "not_implemented";
  case errc::node_lost: return "node_lost";
  case errc::unavailable: return "unavailable";
  case errc::deadline_exceeded: return "deadline_exceeded";
  case errc::version_not_supported: return "version_not_supported";
  case errc::expectation_failed: return "expectation_failed";
  case errc::upgrade_required: return "upgrade_required";
  case errc::serialization_failure: return "serialization_failure";
  case errc::outcome_unknown: return "outcome_unknown";
  }
  return "unknown"; // a number from the wire that this version does not know
}

} // namespace troupe
