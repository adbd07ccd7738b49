// Input: a byte, then what a client sends behind its handshake; the byte's lowest bit: it has offered
// permessage-deflate, the next one: with messages that do not refer to those before. However that is cut, the
// same messages come out of it, text is UTF-8, none is over the limit, and the connection ends; they are those
// that a plain reader of the RFC finds.

#include "gateway/detail/websocket_connection.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/plain_inflate.hpp"
#include "tests/fuzz/polled_loop.hpp"
#include "tests/support/utf8.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {
namespace {

using fuzz::check;
using fuzz::check_equal;
using fuzz::loop;
using fuzz::poll;

constexpr std::size_t longest_message = 4096;
constexpr std::size_t largest_inflation = 1032; // of zlib

/// What was agreed on.
struct terms {
  explicit terms(unsigned bits) : compressed((bits & 1) != 0), forgets(compressed && (bits & 2) != 0) {}
  bool compressed;
  bool forgets; // the client's messages stand by themselves

  [[nodiscard]] std::string offer() const {
    return !compressed ? "" : forgets ? "permessage-deflate; client_no_context_takeover" : "permessage-deflate";
  }
};

/// What has come of the client's bytes.
struct outcome {
  std::vector<body_part> parts; // messages alone
  std::optional<std::string> close_text;
  bool open_ended = false; // from here on anything may have come

  [[nodiscard]] std::string describe() const {
    std::string out;
    for (const auto& each : parts)
      out += (each.kind == part_kind::text ? "text " : "binary ") + each.data + "\n";
    return out + "closed " + (failed() ? "as failed" : close_text.value_or("not"));
  }

  /// By us, or lost. With which code depends on what of it had come: 1002, 1006, 1007 or 1009.
  [[nodiscard]] bool failed() const {
    return close_text == "\x03\xea" || close_text == "\x03\xee" || close_text == "\x03\xef"
           || close_text == "\x03\xf1";
  }
};

/// As a session has it, with a worker that takes all at once.
class owner final : public websocket_owner {
public:
  void on_websocket_part(body_part&& what) override {
    check(!out.close_text && !ended, "something came behind the end");
    if (what.last) {
      check(what.kind == part_kind::close, "the last part does not close");
      out.close_text = std::move(what.data);
      return;
    }
    check(what.data.size() <= longest_message, "a message beyond the limit");
    check(what.kind == part_kind::binary || (what.kind == part_kind::text && test::is_utf8_by_characters(what.data)),
          "text that is no UTF-8, or of another kind");
    uncredited += what.data.size();
    out.parts.push_back(std::move(what));
  }
  void on_websocket_sent(std::uint64_t) override {}
  void on_websocket_end() override {
    check(out.close_text && !ended, "an end without its reason, or twice");
    ended = true;
  }

  outcome out;
  std::uint64_t uncredited = 0;
  bool ended = false;
};

class connection {
public:
  explicit connection(const terms& what) {
    int ends[2] = {-1, -1};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    client_ = ends[1];
    settings_.max_websocket_message = longest_message;
    transport_.emplace(loop().io(), detail::file_descriptor{ends[0]});
    transport_->use_asio();
    connection_.emplace(owner_, alive_, loop(), *transport_, settings_);
    connection_->accept({"dGhlIHNhbXBsZSBub25jZQ==", what.offer()}, status(101), "now");
    poll();
    const auto answer = fuzz::drain(client_).bytes;
    check(answer.starts_with("HTTP/1.1 101 ")
            && (answer.find("permessage-deflate") != std::string::npos) == what.compressed
            && (answer.find("client_no_context_takeover") != std::string::npos) == what.forgets,
          "the handshake was answered in another way");
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    connection_->close();
    transport_->close();
    poll();
    connection_.reset();
    poll();
    ::close(client_);
  }

  void send(std::string_view piece) {
    if (owner_.ended)
      return;
    const auto sent = ::send(client_, piece.data(), piece.size(), MSG_NOSIGNAL);
    check(sent == static_cast<ssize_t>(piece.size()), "the socket does not take the input");
    run();
  }

  outcome finish() {
    ::shutdown(client_, SHUT_WR);
    for (int i = 0; i < 10 && !owner_.ended; ++i)
      run();
    check(owner_.ended, "the connection does not end with its client");
    return std::move(owner_.out);
  }

private:
  void run() {
    do {
      if (const auto bytes = std::exchange(owner_.uncredited, 0); bytes > 0)
        connection_->add_credit(bytes);
      poll();
      fuzz::drain(client_); // the client reads all of it
    } while (owner_.uncredited > 0 && !owner_.ended);
  }

  config::http_settings settings_;
  owner owner_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  int client_ = -1;
  std::optional<transport> transport_;
  std::optional<websocket_connection> connection_;
};

template <class Step>
outcome play(std::string_view input, const terms& what, Step step) {
  connection all{what};
  while (!input.empty()) {
    const auto size = std::min(input.size(), step());
    all.send(input.substr(0, size));
    input.remove_prefix(size);
  }
  return all.finish();
}

/// The messages of RFC 6455, 5.2, read in the plainest way: `parts` up to the first thing that is wrong.
class plain_reader {
public:
  plain_reader(std::string_view input, const terms& what) : rest_(input), what_(what) {}

  outcome read() {
    while (read_frame()) {
    }
    return std::move(out_);
  }

private:
  std::optional<std::uint64_t> take_number(std::size_t bytes) {
    if (rest_.size() < bytes)
      return std::nullopt;
    std::uint64_t out = 0;
    for (const char c : rest_.substr(0, bytes))
      out = out << 8 | static_cast<unsigned char>(c);
    rest_.remove_prefix(bytes);
    return out;
  }

  /// The size of a frame whose second byte is given; none when it is cut off or too long a way to say it.
  std::optional<std::uint64_t> take_size(unsigned second) {
    const unsigned shortly = second & 0x7f;
    if (shortly < 126)
      return shortly;
    const auto size = take_number(shortly == 126 ? 2 : 8);
    if (!size || *size < (shortly == 126 ? 126 : 65536))
      return std::nullopt;
    return size;
  }

  bool read_frame() {
    if (rest_.size() < 2)
      return false;
    const auto first = static_cast<unsigned char>(rest_[0]), second = static_cast<unsigned char>(rest_[1]);
    rest_.remove_prefix(2);
    const unsigned opcode = first & 0xf, reserved = first & 0x70;
    const bool last = (first & 0x80) != 0, control = opcode >= 8;
    const bool may_deflate = what_.compressed && (opcode == 1 || opcode == 2);
    const auto size = take_size(second);
    if ((reserved != 0 && (reserved != 0x40 || !may_deflate)) || (second & 0x80) == 0 || !size
        || (control && (!last || *size > 125)))
      return false;
    const auto mask = take_number(4);
    if (!mask || rest_.size() < *size)
      return false;
    std::string data{rest_.substr(0, *size)};
    rest_.remove_prefix(*size);
    for (std::size_t i = 0; i < data.size(); ++i)
      data[i] = static_cast<char>(data[i] ^ static_cast<char>(*mask >> (24 - 8 * (i % 4))));
    return control ? take_control(opcode, data) : take_data(opcode, reserved != 0, last, data);
  }

  bool take_control(unsigned opcode, const std::string& data) {
    if (opcode == 8)
      out_.close_text = data;
    return opcode == 9 || opcode == 10;
  }

  bool take_data(unsigned opcode, bool deflated, bool last, const std::string& data) {
    if (opcode > 2 || (opcode == 0) != within_)
      return false;
    if (!within_) {
      message_ = {opcode == 1 ? part_kind::text : part_kind::binary, false, {}};
      deflated_ = deflated;
    }
    message_.data += data;
    within_ = !last;
    if (!deflated_ && message_.data.size() > longest_message)
      return false;
    if (!last)
      return true;
    if ((deflated_ && !inflate(message_.data)) || (message_.kind == part_kind::text && !test::is_utf8_by_characters(message_.data)))
      return false;
    out_.parts.push_back(std::move(message_));
    return true;
  }

  bool inflate(std::string& data) {
    std::string text;
    const auto found = inflater_.inflate(data, text);
    if (what_.forgets)
      inflater_.forget();
    out_.open_ended = found == fuzz::plain_inflater::outcome::doubtful;
    data = std::move(text);
    return found == fuzz::plain_inflater::outcome::good && data.size() <= longest_message;
  }

  std::string_view rest_;
  terms what_;
  fuzz::plain_inflater inflater_;
  outcome out_;
  body_part message_;
  bool within_ = false;
  bool deflated_ = false;
};

void check_size(const outcome& what, std::size_t size, bool compressed) {
  std::size_t sum = 0;
  for (const auto& each : what.parts)
    sum += each.data.size();
  check(sum <= (compressed ? size * largest_inflation : size), "more has come out than went in");
}

/// A Close frame that is in order is told as it is, whatever is wrong as a failure.
void check_plain(outcome found, outcome expected) {
  if (expected.open_ended) {
    check(found.parts.size() >= expected.parts.size(), "a message is missing");
    found.parts.resize(expected.parts.size());
    found.close_text = expected.close_text = std::nullopt;
  }
  check(expected.close_text || expected.open_ended || found.failed(), "a Close frame that nobody has sent");
  if (found.failed())
    found.close_text = expected.close_text;
  check_equal(found.describe(), expected.describe(), "a plain reader finds other messages");
}

} // namespace
} // namespace troupe::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::gateway;
  if (size == 0)
    return 0;
  const terms what{data[0]};
  const auto input = troupe::fuzz::text_of(data + 1, size - 1);
  const auto at_once = play(input, what, [] { return ~std::size_t{0}; });
  check_size(at_once, input.size(), what.compressed);
  check_plain(at_once, plain_reader{input, what}.read());
  troupe::fuzz::derived_numbers numbers{input};
  for (const std::size_t most : {std::size_t{7}, std::size_t{200}})
    check_equal(play(input, what, [&] { return numbers.next(most); }).describe(), at_once.describe(),
                "cut elsewhere something else comes out");
  return 0;
}
