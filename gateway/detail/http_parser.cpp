#include "gateway/detail/http_parser.hpp"

#include "actors/messages/quoted.hpp"
#include "gateway/detail/characters.hpp"
#include "gateway/detail/chunked_decoder.hpp"
#include "gateway/detail/head_scanner.hpp"
#include "gateway/detail/host.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

namespace troupe::gateway {

namespace {

/// Takes the next member off a comma-separated list, without the white space around it.
std::string_view next_member(std::string_view& list) {
  auto member = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), member.size() + 1));
  return without_blanks(member);
}

/// The fields that say something to the gateway itself.
enum class special {
  none,
  host,
  content_length,
  transfer_encoding,
  connection,
  upgrade,
  expect,
  traceparent,
};

/// By length and first letter, which tell most others from these; the rest of a name is compared
/// only where both fit.
special special_of(std::string_view name) noexcept {
  const auto if_equal = [name](std::string_view wanted, special out) {
    return (name.front() | 0x20) == (wanted.front() | 0x20) && equals_ignore_case(name, wanted)
               ? out
               : special::none;
  };
  switch (name.size()) {
  case 4: return if_equal("Host", special::host);
  case 6: return if_equal("Expect", special::expect);
  case 7: return if_equal("Upgrade", special::upgrade);
  case 10: return if_equal("Connection", special::connection);
  case 11: return if_equal(traceparent_field, special::traceparent);
  case 14: return if_equal("Content-Length", special::content_length);
  case 17: return if_equal("Transfer-Encoding", special::transfer_encoding);
  default: return special::none;
  }
}

} // namespace

/// What is known of the message that is being read, apart from its text.
struct http_parser::message_facts {
  std::uint64_t body_left = 0; // to come, of a body with Content-Length
  int http_version = 11;
  int hosts = 0;
  bool has_start_line = false;
  bool has_method = false;
  bool has_authority = false;
  bool has_length = false;
  bool has_head = false;
  bool done = false;
  bool expects_continue = false;
  bool wants_close = false;
  bool wants_keep_alive = false;
  bool wants_upgrade = false;
  bool knows_websocket = false;
  bool has_traceparent = false;
};

/// Fills a request with what the scanner has passed. Functions that give a bool give false when
/// `problem` says why the message is refused.
class http_parser::message_parser : public message_facts {
public:
  message_parser(const config::http_settings& limits, bool over_tls)
      : head(limits), limits_(limits), over_tls_(over_tls) {
    message.scheme = scheme();
  }

  request message;
  failure problem;
  head_scanner head;

  /// As made anew: nothing of a message is left for the next.
  void reset() noexcept {
    static_cast<message_facts&>(*this) = {};
    head.reset();
    chunks_.reset();
    authority_.clear();
    hop_by_hop_.clear();
    if (!problem.detail.empty())
      problem = {};
    clear_message();
  }

  /// REQUIRES: the head is not complete. Adds to `used` how much of it has been taken.
  scan_result read_head(std::string_view bytes, std::size_t& used) {
    while (true) {
      const auto part = head.scan(bytes);
      if (part == head_scanner::part::none)
        return scan_result::need_more;
      if (part == head_scanner::part::failed)
        return fail_in_head(bytes);
      const auto whole = bytes.substr(0, head.size());
      const auto is_line = part == head_scanner::part::request_line;
      if (!(is_line ? take_line(whole) : take_fields(whole)))
        return scan_result::failed;
      used += whole.size();
      bytes.remove_prefix(whole.size());
      if (!is_line)
        return scan_result::complete;
    }
  }

  /// REQUIRES: the head is complete, and nothing of the body was read.
  std::optional<failure> limit_body(std::uint64_t bytes) {
    if (chunks_)
      chunks_->limit_body(bytes);
    if (body_left > bytes)
      return failure{errc::payload_too_large,
                     "the body is larger than " + std::to_string(bytes) + " bytes"};
    return std::nullopt;
  }

  /// REQUIRES: the head is complete. Of a body, something is to come.
  [[nodiscard]] bool awaits_body() const noexcept { return chunks_ || body_left > 0; }

  /// REQUIRES: the head is complete.
  scan_result read_body(std::string_view bytes, std::size_t& used) {
    auto result = scan_result::complete;
    if (awaits_body())
      result = chunks_ ? read_chunks(bytes, used) : read_sized(bytes, used);
    done = result == scan_result::complete;
    return result;
  }

private:
  /// Most of it has been moved away.
  void clear_message() noexcept {
    message.method = http_method::get;
    message.path_size = message.route = 0;
    message.has_body = false;
    message.id = 0;
    message.time_left = {};
    message.parameters.clear();
    message.headers = {};
    message.client.clear();
    message.scheme = scheme();
    for (auto* each : {&message.target, &message.body}) {
      each->clear();
      each->shrink_to_fit(); // may have been much
    }
  }

  scan_result read_chunks(std::string_view bytes, std::size_t& used) {
    const auto result = chunks_->decode(bytes, used, message.body);
    if (result == scan_result::failed)
      problem = chunks_->problem();
    return result;
  }

  scan_result read_sized(std::string_view bytes, std::size_t& used) {
    const auto size = std::min<std::uint64_t>(body_left, bytes.size());
    message.body.append(bytes, 0, size);
    used += size;
    body_left -= size;
    return body_left == 0 ? scan_result::complete : scan_result::need_more;
  }

  scan_result fail_in_head(std::string_view bytes) {
    problem = head.problem();
    if (const auto method = head.method(bytes); !has_start_line && !method.empty())
      set_method(method); // an answer to HEAD has no body
    return scan_result::failed;
  }

  bool refuse(errc code, std::string detail) {
    problem = {code, std::move(detail)};
    return false;
  }

  bool set_method(std::string_view method) {
    const auto known = troupe::parse_method(method);
    has_method = known.has_value();
    message.method = known.value_or(http_method::get);
    return has_method;
  }

  bool take_line(std::string_view line) {
    has_start_line = true;
    // A later minor version is to be read as the latest known one (RFC 9110, 2.5).
    http_version = std::min(head.version(), 11);
    if (const auto method = head.method(line); !set_method(method))
      return refuse(errc::not_implemented,
                    "the server does not know the method " + detail::quoted(method));
    const auto target = head.target(line);
    return target.starts_with('/') ? set_origin(target) : set_other(target);
  }

  /// A target that is no path.
  bool set_other(std::string_view target) {
    const auto colon = target.find("://");
    const auto of = colon == std::string_view::npos ? "" : target.substr(0, colon);
    if (equals_ignore_case(of, scheme()))
      return set_absolute(target.substr(colon + 3));
    if (equals_ignore_case(of, "http"))
      return refuse(errc::invalid_argument,
                    "the request target is of http, and the connection has TLS");
    if (equals_ignore_case(of, "https"))
      return refuse(errc::invalid_argument,
                    "the request target is of https, and the connection has no TLS");
    if (target == "*" && message.method == http_method::options)
      return set_origin(target);
    return refuse(errc::invalid_argument, "the request target does not begin with /");
  }

  bool set_absolute(std::string_view behind_scheme) {
    authority_ = behind_scheme.substr(0, behind_scheme.find_first_of("/?"));
    has_authority = true;
    if (!parse_host(authority_))
      return refuse(errc::invalid_argument, "the request target's host is "
                                                + detail::quoted(authority_)
                                                + ", expected HOST or HOST:PORT");
    const auto rest = behind_scheme.substr(authority_.size());
    return rest.starts_with('/') ? set_origin(rest) : set_origin("/" + std::string{rest});
  }

  bool set_origin(std::string_view target) {
    const auto path = target.substr(0, target.find('?'));
    if (path.find('\\') != std::string_view::npos) // some take it for a slash
      return refuse(errc::invalid_argument, "the path has a backslash, which must be escaped");
    message.path_size = static_cast<std::uint32_t>(path.size());
    message.target = target;
    return true;
  }

  /// `lines` end with the empty line.
  bool take_fields(std::string_view lines) {
    if (head.fields() > limits_.max_headers)
      return refuse(errc::header_too_large,
                    "more than " + std::to_string(limits_.max_headers) + " header fields");
    constexpr std::string_view empty_line = "\r\n";
    constexpr std::string_view around_text = ":\r\n"; // at least
    message.headers.reserve(head.fields(), lines.size() - empty_line.size()
                                               - head.fields() * around_text.size());
    while (lines.size() > empty_line.size()) {
      const auto [name, value] = take_field(lines);
      if (!take_special(special_of(name), value))
        return false;
      message.headers.add(name, value);
    }
    has_head = true;
    return check_fields();
  }

  bool take_special(special name, std::string_view value) {
    switch (name) {
    case special::none: return true;
    case special::host: return on_host(value);
    case special::content_length: return on_content_length(value);
    case special::transfer_encoding: return on_transfer_encoding(value);
    case special::connection: return on_connection(value);
    case special::upgrade: return on_upgrade(value);
    case special::expect: return on_expect(value);
    case special::traceparent: return has_traceparent = true;
    }
    return true;
  }

  bool on_host(std::string_view value) {
    if (++hosts > 1)
      return refuse(errc::invalid_argument, "more than one Host field");
    if (!parse_host(value))
      return refuse(errc::invalid_argument,
                    "Host is " + detail::quoted(value) + ", expected HOST or HOST:PORT");
    return true;
  }

  bool on_content_length(std::string_view value) {
    message.has_body = true;
    if (chunks_)
      return refuse_both();
    if (has_length)
      return refuse(errc::invalid_argument, "more than one Content-Length field");
    has_length = true;
    // Digits alone: no sign, no list, nothing beyond 64 bits.
    const auto* const end = value.data() + value.size();
    const auto [behind, ec] = std::from_chars(value.data(), end, body_left);
    if (ec != std::errc{} || behind != end)
      return refuse(errc::invalid_argument,
                    "Content-Length is " + detail::quoted(value) + ", expected a number");
    return true;
  }

  bool on_transfer_encoding(std::string_view value) {
    message.has_body = true;
    if (has_length)
      return refuse_both();
    if (chunks_)
      return refuse(errc::invalid_argument, "more than one Transfer-Encoding field");
    if (equals_ignore_case(value, "chunked")) {
      chunks_.emplace(limits_);
      return true;
    }
    std::string_view last;
    bool chunked_before = false;
    for (auto rest = value; !rest.empty();) {
      chunked_before = chunked_before || equals_ignore_case(last, "chunked");
      last = next_member(rest);
    }
    if (chunked_before || !equals_ignore_case(last, "chunked")) // where the body ends is unknown
      return refuse(errc::invalid_argument,
                    "Transfer-Encoding does not end with chunked, or has it twice");
    return refuse(errc::not_implemented, "the only transfer coding of requests is chunked");
  }

  bool refuse_both() {
    return refuse(errc::invalid_argument, "both Content-Length and Transfer-Encoding");
  }

  bool on_connection(std::string_view value) {
    while (!value.empty()) {
      const auto option = next_member(value);
      if (option.empty())
        continue;
      if (equals_ignore_case(option, "keep-alive"))
        wants_keep_alive = true;
      else if (equals_ignore_case(option, "close"))
        wants_close = true;
      else if (!is_token(option))
        return refuse(errc::invalid_argument,
                      "Connection has " + detail::quoted(option) + ", which is no option");
      else if (!equals_ignore_case(option, "Host")) // which handlers rely on
        hop_by_hop_.emplace_back(option);
      wants_upgrade = wants_upgrade || equals_ignore_case(option, "Upgrade");
    }
    return true;
  }

  bool on_upgrade(std::string_view value) {
    while (!value.empty())
      if (equals_ignore_case(next_member(value), "websocket"))
        knows_websocket = true;
    return true;
  }

  bool on_expect(std::string_view value) {
    if (!equals_ignore_case(value, "100-continue"))
      return refuse(errc::expectation_failed, "the only expectation is 100-continue");
    expects_continue = true;
    return true;
  }

  /// What only all fields together can have wrong.
  bool check_fields() {
    if (http_version == 11 && hosts == 0)
      return refuse(errc::invalid_argument, "the Host field is missing");
    if (http_version == 10 && chunks_)
      return refuse(errc::invalid_argument, "HTTP/1.0 has no Transfer-Encoding");
    if (has_authority && hosts == 1
        && !parse_host(authority_, default_port())
              ->same_as(*parse_host(*message.header("Host"), default_port())))
      return refuse(errc::invalid_argument, "Host and the request target name different hosts");
    if (!hop_by_hop_.empty())
      drop_hop_by_hop();
    return true;
  }

  [[nodiscard]] std::uint16_t default_port() const noexcept { return over_tls_ ? 443 : 80; }
  [[nodiscard]] const char* scheme() const noexcept { return over_tls_ ? "https" : "http"; }

  /// Fields that a Connection field names are for this connection, not for handlers.
  void drop_hop_by_hop() {
    message.headers.remove_if([this](std::string_view name) {
      return std::any_of(hop_by_hop_.begin(), hop_by_hop_.end(),
                         [name](const auto& each) { return equals_ignore_case(each, name); });
    });
  }

  const config::http_settings& limits_;
  const bool over_tls_;
  std::optional<chunked_decoder> chunks_;
  std::string authority_; // of an absolute target
  std::vector<std::string> hop_by_hop_;
};

http_parser::http_parser(const config::http_settings& limits, bool over_tls)
    : limits_(limits), parser_(std::make_unique<message_parser>(limits, over_tls)) {}

http_parser::~http_parser() = default;

void http_parser::reset() {
  parser_->reset();
}

http_parser::progress http_parser::feed(std::string_view bytes, std::size_t& used) {
  // An empty line before a request is passed over (RFC 9112, 2.2).
  while (untouched() && bytes.starts_with("\r\n")) {
    bytes.remove_prefix(2);
    used += 2;
  }
  if (untouched() && (bytes.empty() || bytes == "\r"))
    return progress::need_more;
  auto result = scan_result::complete;
  if (!in_body()) {
    std::size_t head_used = 0;
    result = parser_->read_head(bytes, head_used);
    bytes.remove_prefix(head_used);
    used += head_used;
    if (result == scan_result::complete && parser_->awaits_body()) {
      if (tells_heads_)
        return progress::head;
      if (auto too_large = parser_->limit_body(limits_.max_body_bytes)) {
        parser_->problem = std::move(*too_large);
        result = scan_result::failed;
      }
    }
  }
  if (result == scan_result::complete)
    result = parser_->read_body(bytes, used);
  switch (result) {
  case scan_result::need_more: return progress::need_more;
  case scan_result::complete: return progress::complete;
  case scan_result::failed: return progress::failed;
  }
  return progress::failed;
}

request& http_parser::message() noexcept {
  return parser_->message;
}

bool http_parser::may_keep_alive() const noexcept {
  return !parser_->wants_close && (parser_->http_version == 11 || parser_->wants_keep_alive);
}

bool http_parser::keep_alive() const noexcept {
  return parser_->done && may_keep_alive();
}

std::optional<failure> http_parser::limit_body(std::uint64_t bytes) {
  return parser_->limit_body(bytes);
}

bool http_parser::is_old() const noexcept {
  return parser_->has_start_line && parser_->http_version == 10;
}

bool http_parser::knows_method() const noexcept {
  return parser_->has_method;
}

const failure& http_parser::problem() const noexcept {
  return parser_->problem;
}

bool http_parser::wants_continue() const noexcept {
  return in_body() && !parser_->done && parser_->expects_continue
         && parser_->http_version == 11;
}

bool http_parser::wants_websocket() const noexcept {
  return parser_->wants_upgrade && parser_->knows_websocket && parser_->http_version == 11
         && parser_->message.method == http_method::get;
}

bool http_parser::has_traceparent() const noexcept {
  return parser_->has_traceparent;
}

bool http_parser::in_body() const noexcept {
  return parser_->has_head;
}

bool http_parser::untouched() const noexcept {
  return parser_->head.untouched();
}

} // namespace troupe::gateway
