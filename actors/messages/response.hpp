#pragma once

#include "actors/messages/header_list.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

struct body_source;

/// An HTTP response as a message. The gateway adds Content-Length, Date, Server and Connection; these,
/// Transfer-Encoding, Keep-Alive, Upgrade and fields that are none are left out of what `headers` has.
struct response {
  /// 200 to 599; with any other the client gets 500, and the log a line.
  std::uint16_t status = 200;
  /// Content-Type goes here too.
  header_list headers;
  std::string body;
  /// Makes the body instead of `body`, on the node that answers (actors/body_writer.hpp); null for most.
  std::shared_ptr<const body_source> source;

  /// For chains: `return text("made").with_status(201).with_header("Location", "/x/1");`
  response&& with_status(std::uint16_t code) && {
    status = code;
    return std::move(*this);
  }
  /// Fields may repeat, apart from Content-Type: the last one given counts.
  response&& with_header(std::string_view name, std::string_view value) && {
    if (equals_ignore_case(name, "Content-Type"))
      headers.set(name, value);
    else
      headers.add(name, value);
    return std::move(*this);
  }

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, response& x) {
    return f(x.status, x.headers, x.body);
  }
};

/// 200 with Content-Type: text/plain; charset=utf-8.
response text(std::string body);

/// 200 with Content-Type: text/html; charset=utf-8.
response html(std::string body);

/// 200 with Content-Type: application/json.
response json(const nlohmann::json& value);

/// 200 with Content-Type: application/json and a body that is JSON text already.
response json_body(std::string body);

/// A status without a body, e.g. 204.
response status(std::uint16_t code);

/// "Not Found" for 404; "Unknown" for a code without a registered phrase.
std::string_view reason_phrase(std::uint16_t status) noexcept;

} // namespace troupe
