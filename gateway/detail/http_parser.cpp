#include "gateway/detail/http_parser.hpp"

#include "actors/messages/quoted.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <memory>
#include <new>

namespace troupe::gateway {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

/// Whether all characters may stand in a host with a port (RFC 3986, 3.2).
bool is_host(std::string_view text) {
  static constexpr std::string_view others = "-._~!$&'()*+,;=:[]%";
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || others.find(c) != std::string_view::npos;
  });
}

} // namespace

/// Beast's parser with our limits, filling our request.
class http_parser::message_parser : public http::basic_parser<true> {
public:
  explicit message_parser(const config::http_settings& limits) : limits_(limits) {
    header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
    body_limit(limits.max_body_bytes);
    eager(true);
  }

  request message;
  failure problem;
  bool refused = false;
  bool has_start_line = false;
  bool has_method = false;
  int http_version = 11;
  bool expects_continue = false;

private:
  void refuse(beast::error_code& ec, errc code, std::string detail) {
    problem = {code, std::move(detail)};
    refused = true;
    ec = http::error::bad_value; // any error stops Beast; `problem` says which
  }

  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code& ec) override {
    has_start_line = true;
    http_version = version;
    if (version != 10 && version != 11)
      return refuse(ec, errc::version_not_supported, "the server speaks HTTP/1.1");
    auto known = troupe::parse_method(view(method));
    if (!known)
      return refuse(ec, errc::not_implemented,
                    "the server does not know the method " + detail::quoted(view(method)));
    message.method = *known;
    has_method = true;
    if (target.size() > limits_.max_target_bytes)
      return refuse_long_target(ec);
    set_target(view(target), ec);
  }

  void refuse_long_target(beast::error_code& ec) {
    refuse(ec, errc::uri_too_long,
           "the request target is longer than " + std::to_string(limits_.max_target_bytes)
             + " bytes");
  }

  void set_target(std::string_view target, beast::error_code& ec) {
    const auto colon = target.find("://");
    const auto scheme = colon == std::string_view::npos ? "" : target.substr(0, colon);
    if (equals_ignore_case(scheme, "http") || equals_ignore_case(scheme, "https")) {
      auto rest = target.find_first_of("/?", colon + 3);
      target = rest == std::string_view::npos ? std::string_view{} : target.substr(rest);
      if (!target.starts_with('/')) { // no path: that of the root
        set_origin("/" + std::string{target}, ec);
        return;
      }
    }
    set_origin(std::string{target}, ec);
  }

  void set_origin(std::string target, beast::error_code& ec) {
    if (!target.starts_with('/') && !(target == "*" && message.method == http_method::options))
      return refuse(ec, errc::invalid_argument, "the request target does not begin with /");
    if (target.find('#') != std::string_view::npos)
      return refuse(ec, errc::invalid_argument, "the request target has a fragment");
    message.path_size = static_cast<std::uint32_t>(std::min(target.find('?'), target.size()));
    message.target = std::move(target);
  }

  void on_field_impl(http::field name, beast::string_view name_text, beast::string_view value,
                     beast::error_code& ec) override {
    if (is_header_done())
      return; // a trailer: must not pass for a header field
    header_bytes_ += name_text.size() + value.size() + 4; // Beast looks at what it has at once only
    if (header_bytes_ > limits_.max_header_bytes)
      return refuse(ec, errc::header_too_large,
                    "the header section is larger than " + std::to_string(limits_.max_header_bytes)
                      + " bytes");
    if (message.headers.size() >= limits_.max_headers)
      return refuse(ec, errc::header_too_large,
                    "more than " + std::to_string(limits_.max_headers) + " header fields");
    if (name == http::field::host && ++hosts_ > 1)
      return refuse(ec, errc::invalid_argument, "more than one Host field");
    if (name == http::field::host && !is_host(view(value)))
      return refuse(ec, errc::invalid_argument,
                    "Host is " + detail::quoted(view(value)) + ", expected HOST or HOST:PORT");
    if (name == http::field::content_length || name == http::field::transfer_encoding)
      message.has_body = true;
    if (name == http::field::content_length)
      has_length_ = true;
    if (name == http::field::transfer_encoding)
      on_transfer_encoding(view(value), ec);
    if (name == http::field::expect)
      on_expect(view(value), ec);
    message.headers.add(view(name_text), view(value));
  }

  void on_transfer_encoding(std::string_view value, beast::error_code& ec) {
    has_coding_ = true;
    if (!equals_ignore_case(value, "chunked"))
      refuse(ec, errc::not_implemented, "the only transfer coding of requests is chunked");
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
  }

  std::size_t on_body_impl(beast::string_view bytes, beast::error_code&) override {
    message.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes,
                                 beast::error_code&) override {
    message.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}

  const config::http_settings& limits_;
  std::size_t header_bytes_ = 0;
  int hosts_ = 0;
  bool has_length_ = false;
  bool has_coding_ = false;
};

http_parser::http_parser(const config::http_settings& limits)
  : limits_(limits), parser_(std::make_unique<message_parser>(limits)) {}

http_parser::~http_parser() = default;

void http_parser::reset() {
  // Beast's parser is for one message: a new one in the same place.
  std::destroy_at(parser_.get());
  std::construct_at(parser_.get(), limits_);
}

namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Whether a request line is right but for its version: "METHOD target HTTP/2.0".
bool has_foreign_version(std::string_view bytes) {
  auto line = bytes.substr(0, bytes.find("\r\n"));
  auto space = line.rfind(' ');
  if (space == std::string_view::npos || std::count(line.begin(), line.end(), ' ') != 2)
    return false;
  auto version = line.substr(space + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5])
         && version[6] == '.' && is_digit(version[7]);
}

failure describe(const beast::error_code& ec, const config::http_settings& limits,
                 bool has_start_line, std::string_view bytes) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    if (!has_start_line && bytes.substr(0, bytes.find("\r\n")).size() > limits.max_target_bytes)
      return {errc::uri_too_long, "the request target is longer than "
                                    + std::to_string(limits.max_target_bytes) + " bytes"};
    return {errc::header_too_large, "the header section is larger than "
                                      + std::to_string(limits.max_header_bytes) + " bytes"};
  }
  if (ec == http::error::body_limit)
    return {errc::payload_too_large,
            "the body is larger than " + std::to_string(limits.max_body_bytes) + " bytes"};
  if (ec == http::error::bad_version && has_foreign_version(bytes))
    return {errc::version_not_supported, "the server speaks HTTP/1.1"};
  return {errc::invalid_argument, "the request is malformed: " + ec.message()};
}

} // namespace

http_parser::progress http_parser::feed(std::string_view bytes, std::size_t& used) {
  // An empty line before a request is passed over (RFC 9112, 2.2).
  while (untouched() && bytes.starts_with("\r\n")) {
    bytes.remove_prefix(2);
    used += 2;
  }
  if (untouched() && (bytes.empty() || bytes == "\r"))
    return progress::need_more;
  const bool in_chunks = parser_->is_header_done() && parser_->chunked();
  if (in_chunks && bytes.size() < 5)
    return progress::need_more; // what ends a chunked body is longer; Beast asserts as much
  beast::error_code ec;
  const auto taken = parser_->put(boost::asio::const_buffer{bytes.data(), bytes.size()}, ec);
  used += taken;
  if (ec == http::error::need_more && parser_->is_header_done() && parser_->chunked()
      && bytes.size() - taken > limits_.max_header_bytes) { // extensions, trailers: Beast has no bound
    parser_->problem = {errc::header_too_large, "a chunk's head or the trailer is larger than "
                                                  + std::to_string(limits_.max_header_bytes)
                                                  + " bytes"};
    return progress::failed;
  }
  if (ec == http::error::need_more)
    ec = {};
  if (ec) {
    if (!parser_->refused)
      parser_->problem = describe(ec, limits_, parser_->has_start_line, bytes);
    return progress::failed;
  }
  return parser_->is_done() ? progress::complete : progress::need_more;
}

request& http_parser::message() noexcept {
  return parser_->message;
}

bool http_parser::keep_alive() const noexcept {
  return parser_->is_done() && parser_->keep_alive();
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
  return in_body() && !parser_->is_done() && parser_->expects_continue
         && parser_->http_version == 11;
}

bool http_parser::in_body() const noexcept {
  return parser_->is_header_done();
}

bool http_parser::untouched() const noexcept {
  return !parser_->got_some();
}

} // namespace troupe::gateway
