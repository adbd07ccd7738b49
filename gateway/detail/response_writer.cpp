#include "gateway/detail/response_writer.hpp"

#include "gateway/detail/field_scanner.hpp"

#include <array>
#include <charconv>
#include <cstring>

namespace troupe::gateway {

namespace {

constexpr std::string_view hsts_field = "Strict-Transport-Security";

void append_number(std::string& out, std::uint64_t number, int base) {
  std::array<char, 20> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

bool is_valid_field(std::string_view name, std::string_view value) noexcept {
  return is_token(name) && skip_value(value, 0) == value.size();
}

/// Framing and connection belong to the gateway: a handler cannot break them.
bool is_reserved(std::string_view name) noexcept {
  const auto is = [&](std::string_view other) { return equals_ignore_case(name, other); };
  switch (name.size()) {
  case 4: return is("Date");
  case 6: return is("Server");
  case 7: return is("Upgrade");
  case 10: return is("Connection") || is("Keep-Alive");
  case 14: return is("Content-Length");
  case 17: return is("Transfer-Encoding");
  default: return false;
  }
}

/// Writes a head behind what a string has: into room that was made for all of it, as appending each of a
/// dozen pieces would take longer than all else.
class head_writer {
public:
  head_writer(std::string& out, std::size_t room) : out_(out) {
    const auto begin = out.size();
    out.resize(begin + room);
    at_ = out.data() + begin;
  }
  head_writer(const head_writer&) = delete;
  head_writer& operator=(const head_writer&) = delete;
  ~head_writer() { out_.resize(static_cast<std::size_t>(at_ - out_.data())); }

  template <std::size_t N>
  head_writer& operator<<(const char (&literal)[N]) noexcept {
    std::memcpy(at_, literal, N - 1); // of a known size: a few moves
    at_ += N - 1;
    return *this;
  }
  head_writer& operator<<(std::string_view text) noexcept {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  head_writer& operator<<(std::uint64_t number) noexcept {
    at_ = std::to_chars(at_, at_ + longest_number, number).ptr;
    return *this;
  }
  void field(std::string_view name, std::string_view value) noexcept {
    *this << name << ": " << value << "\r\n";
  }

  static constexpr std::size_t longest_number = 20;

private:
  std::string& out_;
  char* at_;
};

/// What the head takes at most, apart from the date.
std::size_t room_for(const response& what, const write_options& options) noexcept {
  constexpr std::size_t of_ours = 256; // status line, and the fields that are always the same
  constexpr std::size_t around_text = 4; // ": \r\n"
  return of_ours + hsts_field.size() + options.hsts.size() + what.headers.text_size()
         + what.headers.size() * around_text;
}

void write_connection(head_writer& out, bool upgrade, const write_options& options) {
  if (upgrade)
    out << "Upgrade: websocket\r\n";
  if (!options.keep_alive)
    out << "Connection: close\r\n";
  else if (upgrade)
    out << "Connection: Upgrade\r\n";
  else if (options.old_client)
    out << "Connection: keep-alive\r\n";
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
  const auto without_body = what.status == 204 || what.status == 304;
  {
    head_writer head{out, room_for(what, options) + date.size()};
    if (what.status == 200)
      head << "HTTP/1.1 200 OK\r\nServer: troupe\r\nDate: ";
    else
      head << "HTTP/1.1 " << what.status << " " << reason_phrase(what.status)
           << "\r\nServer: troupe\r\nDate: ";
    head << date << "\r\n";
    for (std::size_t i = 0; i < what.headers.size(); ++i) {
      const auto [name, value] = what.headers[i];
      if (is_valid_field(name, value) && !is_reserved(name))
        head.field(name, value);
    }
    if (!options.hsts.empty() && !what.headers.find(hsts_field))
      head.field(hsts_field, options.hsts);
    write_connection(head, what.status == 426, options); // 426 has to say to what
    if (!without_body && options.body == framing::chunked)
      head << "Transfer-Encoding: chunked\r\n";
    else if (!without_body && options.body != framing::close)
      head << "Content-Length: "
           << (options.body == framing::length ? options.length : what.body.size()) << "\r\n";
    head << "\r\n";
  }
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
