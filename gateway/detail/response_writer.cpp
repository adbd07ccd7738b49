#include "gateway/detail/response_writer.hpp"

#include "gateway/detail/characters.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::gateway {

namespace {

constexpr std::string_view hsts_field = "Strict-Transport-Security";

void append_number(std::string& out, std::uint64_t number, int base = 10) {
  std::array<char, 20> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

bool is_valid_field(std::string_view name, std::string_view value) noexcept {
  return is_token(name) && std::all_of(value.begin(), value.end(), [](char c) { return is(value_char, c); });
}

/// Framing and connection belong to the gateway: a handler cannot break them.
bool is_reserved(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 7> reserved{"content-length", "transfer-encoding",
                                                     "connection",     "keep-alive",
                                                     "date",           "server",
                                                     "upgrade"};
  return std::any_of(reserved.begin(), reserved.end(), [&](std::string_view each) {
    return equals_ignore_case(each, name);
  });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

void write_response(std::string& out, const response& what, std::string_view date,
                    const write_options& options) {
  if (what.status < 200 || what.status > 599) { // would leave the client waiting, or is no HTTP
    response broken;
    broken.status = 500;
    write_response(out, broken, date, options);
    return;
  }
  if (what.status == 200) {
    out.append("HTTP/1.1 200 OK\r\nServer: troupe\r\nDate: ");
  } else {
    out.append("HTTP/1.1 ");
    append_number(out, what.status);
    out.append(" ").append(reason_phrase(what.status)).append("\r\nServer: troupe\r\nDate: ");
  }
  out.append(date).append("\r\n");
  for (std::size_t i = 0; i < what.headers.size(); ++i) {
    auto [name, value] = what.headers[i];
    if (is_valid_field(name, value) && !is_reserved(name))
      append_field(out, name, value);
  }
  if (!options.hsts.empty() && !what.headers.find(hsts_field))
    append_field(out, hsts_field, options.hsts);
  if (what.status == 426) // which has to say so
    out.append("Upgrade: websocket\r\n");
  if (!options.keep_alive)
    out.append("Connection: close\r\n");
  else if (what.status == 426)
    out.append("Connection: Upgrade\r\n");
  else if (options.old_client)
    out.append("Connection: keep-alive\r\n");
  auto without_body = what.status == 204 || what.status == 304;
  if (!without_body && options.body == framing::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (!without_body && options.body != framing::close) {
    out.append("Content-Length: ");
    append_number(out, options.body == framing::length ? options.length : what.body.size());
    out.append("\r\n");
  }
  out.append("\r\n");
  if (!without_body && !options.head && options.body == framing::whole)
    out.append(what.body);
}

void write_chunk(std::string& out, std::string_view data, bool last) {
  if (!data.empty()) {
    append_number(out, data.size(), 16);
    out.append("\r\n").append(data).append("\r\n");
  }
  if (last)
    out.append("0\r\n\r\n");
}

std::string_view date_cache::now() {
  std::timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != second_ || text_.empty()) {
    second_ = now.tv_sec;
    std::tm utc{};
    gmtime_r(&second_, &utc);
    text_.resize(40);
    text_.resize(std::strftime(text_.data(), text_.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  }
  return text_;
}

} // namespace troupe::gateway
