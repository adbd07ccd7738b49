#include "gateway/detail/http_parser.hpp"

#include "actors/messages/quoted.hpp"
#include "gateway/detail/characters.hpp"
#include "gateway/detail/chunked_decoder.hpp"
#include "gateway/detail/head_scanner.hpp"
#include "gateway/detail/host.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

namespace troupe::gateway {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

/// Takes the next member off a comma-separated list, without the white space around it.
std::string_view next_member(std::string_view& list) {
  auto member = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), member.size() + 1));
  while (!member.empty() && is_blank(member.front()))
    member.remove_prefix(1);
  while (!member.empty() && is_blank(member.back()))
    member.remove_suffix(1);
  return member;
}

failure describe(const beast::error_code& ec) {
  return {errc::invalid_argument, "the request is malformed: " + ec.message()};
}

} // namespace

/// Beast's parser behind our checks and with our limits, filling our request.
class http_parser::message_parser : public http::basic_parser<true> {
public:
  message_parser(const config::http_settings& limits, bool over_tls)
      : head(limits), limits_(limits), over_tls_(over_tls), chunks_(limits) {
    message.scheme = over_tls ? "https" : "http";
    // The scanner has the limits; Beast gets whole parts.
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none); // limit_body has it
    eager(true);
  }

  request message;
  failure problem;
  head_scanner head;
  bool has_start_line = false;
  bool has_method = false;
  bool done = false;
  int http_version = 11;
  bool expects_continue = false;
  bool wants_close = false;
  bool wants_keep_alive = false;
  bool wants_upgrade = false;
  bool knows_websocket = false;

  /// REQUIRES: the head is not complete. Adds to `used` what Beast has taken.
  scan_result read_head(std::string_view bytes, std::size_t& used) {
    while (true) {
      const auto part = head.scan(bytes);
      if (part == head_scanner::part::none)
        return scan_result::need_more;
      if (part == head_scanner::part::failed)
        return fail_in_head(bytes);
      const auto whole = bytes.substr(0, head.size());
      const auto is_line = part == head_scanner::part::request_line;
      if (!(is_line ? put_line(whole) : put_all(whole)))
        return scan_result::failed;
      used += whole.size();
      bytes.remove_prefix(whole.size());
      if (!is_line)
        return scan_result::complete;
    }
  }

  /// REQUIRES: the head is complete, and nothing of the body was read.
  std::optional<failure> limit_body(std::uint64_t bytes) {
    chunks_.limit_body(bytes);
    if (content_length().value_or(0) > bytes)
      return failure{errc::payload_too_large,
                     "the body is larger than " + std::to_string(bytes) + " bytes"};
    return std::nullopt;
  }

  /// REQUIRES: the head is complete.
  scan_result read_body(std::string_view bytes, std::size_t& used) {
    auto result = scan_result::need_more;
    if (!is_done() && chunked()) {
      result = chunks_.decode(bytes, used, message.body);
      if (result == scan_result::failed)
        problem = chunks_.problem();
    } else if (is_done() || !bytes.empty()) {
      beast::error_code ec;
      if (!is_done())
        used += put(boost::asio::const_buffer{bytes.data(), bytes.size()}, ec);
      result = is_done() ? scan_result::complete : scan_result::need_more;
    }
    done = result == scan_result::complete;
    return result;
  }

private:
  scan_result fail_in_head(std::string_view bytes) {
    problem = head.problem();
    if (const auto method = head.method(bytes); !has_start_line && !method.empty())
      set_method(method); // an answer to HEAD has no body
    return scan_result::failed;
  }

  /// A later minor version is to be read as the latest known one (RFC 9110, 2.5).
  bool put_line(std::string_view line) {
    if (head.version() <= 11)
      return put_all(line);
    std::string known{line};
    known[known.size() - 3] = '1';
    return put_all(known);
  }

  bool put_all(std::string_view bytes) {
    beast::error_code ec;
    put(boost::asio::const_buffer{bytes.data(), bytes.size()}, ec);
    if (!ec || ec == http::error::need_more)
      return true;
    if (!refused_)
      problem = describe(ec);
    return false;
  }

  void refuse(beast::error_code& ec, errc code, std::string detail) {
    problem = {code, std::move(detail)};
    refused_ = true;
    ec = http::error::bad_value; // any error stops Beast; `problem` says which
  }

  bool set_method(std::string_view method) {
    const auto known = troupe::parse_method(method);
    has_method = known.has_value();
    message.method = known.value_or(http_method::get);
    return has_method;
  }

  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code& ec) override {
    has_start_line = true;
    http_version = version;
    if (!set_method(view(method)))
      return refuse(ec, errc::not_implemented,
                    "the server does not know the method " + detail::quoted(view(method)));
    set_target(view(target), ec);
  }

  void set_target(std::string_view target, beast::error_code& ec) {
    const auto colon = target.find("://");
    const auto scheme = colon == std::string_view::npos ? "" : target.substr(0, colon);
    if (equals_ignore_case(scheme, message.scheme))
      return set_absolute(target.substr(colon + 3), ec);
    if (equals_ignore_case(scheme, "http"))
      return refuse(ec, errc::invalid_argument,
                    "the request target is of http, and the connection has TLS");
    if (equals_ignore_case(scheme, "https"))
      return refuse(ec, errc::invalid_argument,
                    "the request target is of https, and the connection has no TLS");
    set_origin(std::string{target}, ec);
  }

  void set_absolute(std::string_view behind_scheme, beast::error_code& ec) {
    authority_ = behind_scheme.substr(0, behind_scheme.find_first_of("/?"));
    has_authority_ = true;
    if (!parse_host(authority_))
      return refuse(ec, errc::invalid_argument,
                    "the request target's host is " + detail::quoted(authority_)
                      + ", expected HOST or HOST:PORT");
    const auto rest = behind_scheme.substr(authority_.size());
    set_origin(rest.starts_with('/') ? std::string{rest} : "/" + std::string{rest}, ec);
  }

  void set_origin(std::string target, beast::error_code& ec) {
    if (!target.starts_with('/') && !(target == "*" && message.method == http_method::options))
      return refuse(ec, errc::invalid_argument, "the request target does not begin with /");
    const auto path_size = std::min(target.find('?'), target.size());
    if (target.find('\\') < path_size) // some take it for a slash
      return refuse(ec, errc::invalid_argument, "the path has a backslash, which must be escaped");
    message.path_size = static_cast<std::uint32_t>(path_size);
    message.target = std::move(target);
  }

  void on_field_impl(http::field name, beast::string_view name_text, beast::string_view value,
                     beast::error_code& ec) override {
    if (message.headers.size() >= limits_.max_headers)
      return refuse(ec, errc::header_too_large,
                    "more than " + std::to_string(limits_.max_headers) + " header fields");
    switch (name) {
    case http::field::host: on_host(view(value), ec); break;
    case http::field::content_length: on_content_length(view(value), ec); break;
    case http::field::transfer_encoding: on_transfer_encoding(view(value), ec); break;
    case http::field::connection: on_connection(view(value)); break;
    case http::field::upgrade: on_upgrade(view(value)); break;
    case http::field::expect: on_expect(view(value), ec); break;
    default: break;
    }
    message.headers.add(view(name_text), view(value));
  }

  void on_host(std::string_view value, beast::error_code& ec) {
    if (++hosts_ > 1)
      return refuse(ec, errc::invalid_argument, "more than one Host field");
    if (!parse_host(value))
      refuse(ec, errc::invalid_argument,
             "Host is " + detail::quoted(value) + ", expected HOST or HOST:PORT");
  }

  /// Beast has read the number; it takes lists of equal ones too.
  void on_content_length(std::string_view value, beast::error_code& ec) {
    message.has_body = true;
    if (has_length_)
      return refuse(ec, errc::invalid_argument, "more than one Content-Length field");
    has_length_ = true;
    if (!std::all_of(value.begin(), value.end(), gateway::is_digit))
      refuse(ec, errc::invalid_argument,
             "Content-Length is " + detail::quoted(value) + ", expected a number");
  }

  void on_transfer_encoding(std::string_view value, beast::error_code& ec) {
    message.has_body = true;
    has_coding_ = true;
    if (equals_ignore_case(value, "chunked"))
      return;
    std::string_view last;
    bool chunked_before = false;
    for (auto rest = value; !rest.empty();) {
      chunked_before = chunked_before || equals_ignore_case(last, "chunked");
      last = next_member(rest);
    }
    if (chunked_before || !equals_ignore_case(last, "chunked")) // where the body ends is unknown
      return refuse(ec, errc::invalid_argument,
                    "Transfer-Encoding does not end with chunked, or has it twice");
    refuse(ec, errc::not_implemented, "the only transfer coding of requests is chunked");
  }

  void on_connection(std::string_view value) {
    while (!value.empty()) {
      const auto option = next_member(value);
      if (equals_ignore_case(option, "close"))
        wants_close = true;
      else if (equals_ignore_case(option, "keep-alive"))
        wants_keep_alive = true;
      else if (!option.empty() && !equals_ignore_case(option, "Host")) // which handlers rely on
        hop_by_hop_.emplace_back(option);
      wants_upgrade = wants_upgrade || equals_ignore_case(option, "Upgrade");
    }
  }

  void on_upgrade(std::string_view value) {
    while (!value.empty())
      if (equals_ignore_case(next_member(value), "websocket"))
        knows_websocket = true;
  }

  void on_expect(std::string_view value, beast::error_code& ec) {
    if (!equals_ignore_case(value, "100-continue"))
      return refuse(ec, errc::expectation_failed, "the only expectation is 100-continue");
    expects_continue = true;
  }

  void on_header_impl(beast::error_code& ec) override {
    if (has_length_ && has_coding_)
      return refuse(ec, errc::invalid_argument, "both Content-Length and Transfer-Encoding");
    if (http_version == 11 && hosts_ == 0)
      return refuse(ec, errc::invalid_argument, "the Host field is missing");
    if (http_version == 10 && has_coding_)
      return refuse(ec, errc::invalid_argument, "HTTP/1.0 has no Transfer-Encoding");
    if (has_authority_ && hosts_ == 1
        && !parse_host(authority_, default_port())
              ->same_as(*parse_host(*message.header("Host"), default_port())))
      return refuse(ec, errc::invalid_argument,
                    "Host and the request target name different hosts");
    if (!hop_by_hop_.empty())
      drop_hop_by_hop();
  }

  [[nodiscard]] std::uint16_t default_port() const noexcept { return over_tls_ ? 443 : 80; }

  /// Fields that a Connection field names are for this connection, not for handlers.
  void drop_hop_by_hop() {
    header_list kept;
    for (std::size_t i = 0; i < message.headers.size(); ++i) {
      const auto [name, value] = message.headers[i];
      if (std::none_of(hop_by_hop_.begin(), hop_by_hop_.end(),
                       [&](const auto& each) { return equals_ignore_case(each, name); }))
        kept.add(name, value);
    }
    message.headers = std::move(kept);
  }

  std::size_t on_body_impl(beast::string_view bytes, beast::error_code&) override {
    message.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override {
    return 0; // chunks are not given to Beast
  }

  void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}

  const config::http_settings& limits_;
  const bool over_tls_;
  chunked_decoder chunks_;
  std::string authority_; // of an absolute target
  bool has_authority_ = false;
  bool refused_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  int hosts_ = 0;
  std::vector<std::string> hop_by_hop_;
};

http_parser::http_parser(const config::http_settings& limits, bool over_tls)
    : limits_(limits), over_tls_(over_tls),
      parser_(std::make_unique<message_parser>(limits, over_tls)) {}

http_parser::~http_parser() = default;

void http_parser::reset() {
  // Beast's parser is for one message: a new one in the same place.
  std::destroy_at(parser_.get());
  std::construct_at(parser_.get(), limits_, over_tls_);
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
    if (result == scan_result::complete && !parser_->is_done()) {
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

bool http_parser::in_body() const noexcept {
  return parser_->is_header_done();
}

bool http_parser::untouched() const noexcept {
  return parser_->head.untouched();
}

} // namespace troupe::gateway
