// Input: two bytes status, one byte options, then fields "name SEP value", each ended by END, then the
// body. Whatever a handler answers, the client reads one response: with that body, and with those
// of the handler's fields that are valid and not the gateway's own.

#include "gateway/detail/response_writer.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {
namespace {

namespace http = boost::beast::http;
using fuzz::check;
using fuzz::check_equal;
using fields = std::vector<std::pair<std::string, std::string>>;

constexpr char separator = '\x1e';
constexpr char end_of_field = '\x1f';
constexpr std::string_view date = "Thu, 01 Jan 1970 00:00:00 GMT";

std::string lower(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string without_space_around(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? ""
                                    : text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// May stand in a response as the handler's own (RFC 9110, 5.1 and 5.5).
bool may_go_out(const std::string& name, const std::string& value) {
  for (const std::string_view own : {"content-length", "transfer-encoding", "connection",
                                     "keep-alive", "date", "server", "upgrade"})
    if (lower(name) == own)
      return false;
  for (const char c : name)
    if (static_cast<unsigned char>(c) > 0x7e || c <= ' '
        || std::string_view{"\"(),/:;<=>?@[\\]{}"}.find(c) != std::string_view::npos)
      return false;
  for (const char c : value)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
      return false;
  return !name.empty();
}

struct written {
  response what;
  write_options options;
  fields own; // that may go out
};

written read_input(std::string_view input) {
  written out;
  const auto byte = [&](std::size_t i) {
    return i < input.size() ? static_cast<unsigned char>(input[i]) : 0U;
  };
  out.what.status = static_cast<std::uint16_t>((byte(0) << 8 | byte(1)) % 1000);
  out.options.head = (byte(2) & 1) != 0;
  out.options.keep_alive = (byte(2) & 2) != 0;
  out.options.old_client = (byte(2) & 4) != 0;
  input.remove_prefix(std::min<std::size_t>(3, input.size()));
  while (input.find(end_of_field) != std::string_view::npos) {
    auto field = fuzz::take_until(input, end_of_field);
    const std::string name{fuzz::take_until(field, separator)}, value{field};
    out.what.headers.add(name, value);
    if (may_go_out(name, value))
      out.own.emplace_back(name, without_space_around(value));
  }
  out.what.body = input;
  return out;
}

fields expected_fields(const written& input, bool valid, bool without_body) {
  fields out{{"Server", "troupe"}, {"Date", std::string{date}}};
  if (valid)
    out.insert(out.end(), input.own.begin(), input.own.end());
  const bool upgrade = input.what.status == 426; // RFC 9110, 15.5.22: says to what
  if (upgrade)
    out.emplace_back("Upgrade", "websocket");
  if (!input.options.keep_alive)
    out.emplace_back("Connection", "close");
  else if (upgrade)
    out.emplace_back("Connection", "Upgrade");
  else if (input.options.old_client)
    out.emplace_back("Connection", "keep-alive");
  if (!without_body)
    out.emplace_back("Content-Length", std::to_string(valid ? input.what.body.size() : 0));
  return out;
}

std::string lines(const fields& of) {
  std::string out;
  for (const auto& [name, value] : of)
    out += name + ": " + value + "\n";
  return out;
}

/// What a client reads, the fields in the order of the bytes.
class client_parser : public http::basic_parser<false> {
public:
  fields read;
  std::string body;
  int status = 0;

private:
  using text = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_response_impl(int code, text, int, error_code&) override { status = code; }
  void on_field_impl(http::field, text name, text value, error_code&) override {
    read.emplace_back(std::string{name.data(), name.size()},
                      std::string{value.data(), value.size()});
  }
  std::size_t on_body_impl(text bytes, error_code&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, text, error_code&) override {
    fuzz::finding("a chunk");
  }
  void on_request_impl(http::verb, text, text, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}
  void on_finish_impl(error_code&) override {}
};

} // namespace
} // namespace troupe::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::gateway;
  const auto input = read_input(troupe::fuzz::text_of(data, size));
  const bool valid = input.what.status >= 200 && input.what.status <= 599;
  const unsigned status = valid ? static_cast<unsigned>(input.what.status) : 500;
  const bool without_body = status == 204 || status == 304;

  std::string bytes = "before";
  write_response(bytes, input.what, date, input.options);
  check(bytes.starts_with("before"), "it does not append");
  bytes.erase(0, 6);

  client_parser parser;
  parser.header_limit(1 << 24);
  parser.body_limit(1 << 24);
  parser.skip(input.options.head);
  parser.eager(true);
  boost::beast::error_code ec;
  const auto used = parser.put(boost::asio::const_buffer{bytes.data(), bytes.size()}, ec);
  check(!ec, "a client cannot read the response: " + ec.message());
  check(parser.is_done(), "the response does not end");
  check(used == bytes.size(), "bytes behind the response");
  check(parser.status == static_cast<int>(status), "another status");
  check_equal(lines(parser.read), lines(expected_fields(input, valid, without_body)), "the fields");
  check_equal(parser.body,
              valid && !without_body && !input.options.head ? std::string_view{input.what.body} : "",
              "the body");
  return 0;
}
