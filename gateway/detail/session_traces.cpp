// The part of session that deals with traces.

#include "actors/request_id.hpp"
#include "gateway/detail/session.hpp"

namespace troupe::gateway {

void session::sent_to(std::uint64_t sequence, std::string_view node) {
  if (auto* to = find_slot(sequence); to != nullptr && to->trace && to->trace->span)
    to->trace->span->set("troupe.node", node);
}

void session::end_trace(slot& of) {
  if (auto& span = of.trace->span) {
    const auto& route = counts_of(of);
    const std::string method{to_string(of.method)};
    if (!route.pattern().empty()) {
      span->rename(method + ' ' + route.pattern());
      span->set("http.route", route.pattern());
      span->set("troupe.service", route.service());
    }
    span->set("http.request.method", method);
    span->set("http.response.status_code", of.status);
    span->set("troupe.request_id", format_request_id(of.request_id));
    if (of.status < 500)
      span->succeed();
    else
      span->fail("status " + std::to_string(of.status));
  }
  of.trace = nullptr;
}

} // namespace troupe::gateway
