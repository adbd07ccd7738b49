// Input: a byte of options, then what a client sends on its connection; the real gateway and a worker answer.
// However that is cut, what comes back are whole answers to the requests that a parser finds in it, in their
// order, with what their handlers have made of them, up to the one that closes; and nothing is left behind.
//
// The byte, less the bits of '0' and from its lowest one: which limits the gateway has (2), when handlers
// answer (2), how the client ends (2), whether it reads at the end only, whether the node is being stopped.

#include "gateway/detail/http_parser.hpp"
#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/fuzzed_gateway.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {
namespace {

using namespace fuzzed;
using fuzz::answer;
using fuzz::check_equal;

// -- the client -------------------------------------------------------------------------------------

class connection {
public:
  explicit connection(const options& how)
    : how_(how), gateway_(gateway_for(how)), client_(gateway_->connect(how.reads_late)) {
    all_turns().begin(how.answering != options::turns::at_once);
    if (how.stopping)
      gateway_->stop();
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    leave();
    all_turns().end();
  }

  void send(std::string_view piece) {
    unsent_.append(piece);
    push();
    poll();
    if (how_.answering == options::turns::oldest_first || how_.answering == options::turns::newest_first)
      give_turn();
    if (!how_.reads_late)
      read();
  }

  /// All that has come.
  std::string finish() {
    if (how_.end == options::ending::is_stopped)
      gateway_->stop();
    if (how_.end == options::ending::waits || how_.end == options::ending::is_stopped)
      settle();
    if (how_.end == options::ending::leaves)
      leave();
    else
      ::shutdown(client_, SHUT_WR);
    settle();
    check(ended_ || how_.end == options::ending::leaves, "the connection does not end with its client");
    gateway_->check_end();
    return std::move(received_);
  }

private:
  void leave() {
    if (client_ >= 0)
      ::close(std::exchange(client_, -1));
  }

  bool give_turn() {
    const bool given = all_turns().give(how_.answering != options::turns::oldest_first);
    poll();
    return given;
  }

  void settle() {
    poll();
    while (push() || read() || give_turn()) {
    }
  }

  /// As much of what is to be sent as the socket takes. True when that was any.
  bool push() {
    if (unsent_.empty() || client_ < 0)
      return false;
    const auto sent = ::send(client_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0)
      return false; // it has no room, or nobody reads it
    unsent_.erase(0, static_cast<std::size_t>(sent));
    poll();
    return true;
  }

  bool read() {
    if (client_ < 0 || ended_)
      return false;
    auto [bytes, ended] = fuzz::drain(client_);
    received_ += bytes;
    ended_ = ended;
    poll();
    return !bytes.empty() || ended;
  }

  options how_;
  std::shared_ptr<gateway> gateway_;
  int client_ = -1;
  std::string unsent_;
  std::string received_;
  bool ended_ = false;
};

/// The gateway's shortest time limits are half a second: what a machine that was busy with something else has
/// spread over more than this says nothing.
constexpr std::chrono::milliseconds longest_play{200};

/// `step` says how much of what is left goes at once. None: it took too long.
template <class Step>
std::optional<std::string> play(std::string_view input, const options& how, Step step) {
  const auto begun = std::chrono::steady_clock::now();
  connection all{how};
  while (!input.empty()) {
    const auto size = std::min<std::size_t>(input.size(), step(input));
    all.send(input.substr(0, size));
    input.remove_prefix(size);
  }
  auto received = all.finish();
  if (std::chrono::steady_clock::now() - begun > longest_play)
    return std::nullopt;
  return received;
}

// -- what is to come --------------------------------------------------------------------------------

struct expected {
  enum class source { handler, gateway, refusal, socket };
  source from = source::gateway;
  std::string target;
  int status = 0; // of a handler's
  std::string body;
  bool to_head = false;
  bool keep_alive = true;
  bool asks = false;       // whether to go on with the body
  bool in_parts = false;
  bool breaks = false;     // its end does not come
  bool is_open = false;    // the request's body, which goes on its way before it is whole, has no end
  bool may_refuse = false; // that is malformed, and the answer may have begun
  bool hangs_on_cut = false; // what comes of it, and whether anything comes behind it
};

/// The requests of an input, as a parser that has all of it finds them, and what they are answered with.
class plain_session {
public:
  plain_session(std::string_view input, const options& how)
    : how_(how), settings_(settings_for(how.gateway)), parser_(settings_), rest_(input) {
    parser_.tell_heads();
  }

  std::vector<expected> read() {
    while (!done_ && !rest_.empty())
      step();
    if (!done_)
      end_within();
    return std::move(out_);
  }

private:
  /// There is no more of the input: what its last request, if it is not whole, is answered with.
  void end_within() {
    done_ = true;
    if (streamed_) {
      add(true);
    } else if (parser_.in_body() && (how_.gateway >= options::limits::tight || asks_)) {
      refuse(); // it may come too late, or be too much, or be asked for and not come
      out_.back().is_open = true;
    }
  }

  void step() {
    std::size_t used = 0;
    const auto progress = parser_.feed(rest_, used);
    rest_.remove_prefix(used);
    switch (progress) {
    case http_parser::progress::head: return on_head();
    case http_parser::progress::need_more: return end_within();
    case http_parser::progress::complete:
      add(false);
      streamed_ = false;
      done_ = done_ || !out_.back().keep_alive;
      return parser_.reset();
    case http_parser::progress::failed:
      if (!streamed_)
        return refuse();
      add(true);
      out_.back().may_refuse = true;
      if (place_ == at_upload)
        out_.back().from = expected::source::refusal;
      out_.back().is_open = place_ != at_upload;
      out_.back().keep_alive = false;
      done_ = true;
      return;
    }
  }

  void on_head() {
    auto what = parser_.message();
    const auto* route = the_router().find(what).entry;
    if (parser_.limit_body(route != nullptr && route->max_body != 0 ? route->max_body
                                                                    : settings_.max_body_bytes))
      return refuse();
    streamed_ = route != nullptr && route->kind == route_kind::streamed;
    if (streamed_)
      place_ = route->candidates.front().route;
    asks_ = parser_.wants_continue();
  }

  void refuse() {
    auto& made = out_.emplace_back();
    made.from = expected::source::refusal;
    made.to_head = parser_.message().method == http_method::head;
    made.asks = std::exchange(asks_, false);
    made.keep_alive = false;
    done_ = true;
  }

  void add(bool is_open) {
    auto& what = parser_.message();
    auto& made = out_.emplace_back();
    made.target = what.target;
    made.to_head = what.method == http_method::head;
    made.asks = std::exchange(asks_, false);
    made.is_open = is_open;
    made.keep_alive = parser_.may_keep_alive() && !how_.stopping
                      && (settings_.max_requests_per_connection == 0
                          || out_.size() < settings_.max_requests_per_connection);
    const auto* route = the_router().find(what).entry;
    if (route == nullptr)
      return;
    answer_as(route->candidates.front().route, what, made);
    if (made.to_head)
      made.body.clear();
    made.breaks = made.breaks && !made.to_head;
    if (made.in_parts && parser_.is_old() && !made.to_head) // its end is the connection's
      made.keep_alive = false;
    done_ = done_ || made.breaks;
  }

  void answer_as(std::uint32_t place, const request& what, expected& made) const {
    made.from = expected::source::handler;
    made.status = 200;
    switch (place) {
    case at_plain: made.body = "plain " + what.target; break;
    case at_echo:
    case at_upload: made.body = what.body; break;
    case at_both_ways:
      made.body = what.body;
      made.in_parts = true;
      break;
    case at_early:
      made.body = "early";
      made.hangs_on_cut = streamed_;
      break;
    case at_parts:
    case at_broken:
      made.body = shape::of(what.parameters[0].second, what.parameters[1].second).all();
      made.in_parts = what.query_string() != "length" || place == at_broken;
      made.breaks = place == at_broken;
      break;
    case at_fails: made.status = what.query_string() == "error" ? 409 : 500; break;
    case at_empty: made.status = 204; break;
    case at_unchanged:
      made.status = 304;
      made.in_parts = true;
      break;
    case at_socket:
      made.from = expected::source::socket;
      made.hangs_on_cut = parser_.wants_websocket();
      break;
    }
  }

  static const router& the_router() {
    static const auto& made = *new router{*the_node().view};
    return made;
  }

  options how_;
  config::http_settings settings_;
  http_parser parser_;
  std::string_view rest_;
  std::vector<expected> out_;
  std::uint32_t place_ = 0; // of the route of a body that is streamed
  bool streamed_ = false;
  bool asks_ = false;
  bool done_ = false;
};

// -- what has come ----------------------------------------------------------------------------------

/// Those of a gateway whose limits hang on the timing, or of one that is in a hurry.
bool is_shed(int status, const options& how) {
  return how.gateway >= options::limits::tight && (status == 503 || status == 504 || status == 408);
}

void check_problem(const answer& what, bool to_head) {
  check(what.status >= 400, "an answer that nobody has given");
  check(what.field("Content-Type") == "application/problem+json", "a failure that is no problem");
  check(to_head || !what.whole || nlohmann::json::accept(what.body), "a problem that is no JSON");
}

void check_by_gateway(const answer& what, const expected& wanted) {
  if (what.status != 204)
    check_problem(what, wanted.to_head);
  check(what.status == 204 || what.status == 400 || what.status == 404 || what.status == 405,
        "an answer of the gateway's own that does not fit");
}

void check_by_handler(const answer& what, const expected& wanted) {
  check(what.status == wanted.status, "a status that the handler has not given");
  if (what.status >= 400)
    return check_problem(what, wanted.to_head);
  check_equal(what.field("Echo").value_or("none"), wanted.target, "an answer to another request");
  if (wanted.status == 204 || wanted.status == 304)
    return;
  const bool is_part = !what.whole || wanted.is_open || (what.until_end && wanted.in_parts);
  check(is_part ? wanted.body.starts_with(what.body) : what.body == wanted.body,
        "a body that the handler has not given");
  check(what.whole || wanted.breaks || !wanted.to_head, "an answer to HEAD that has no end");
  check(!wanted.breaks || !what.whole || what.until_end, "a body whose end did not come has one");
}

void check_answer(const answer& what, const expected& wanted, const options& how) {
  if (is_shed(what.status, how))
    return check_problem(what, wanted.to_head);
  if (wanted.may_refuse && what.status >= 400)
    return check_problem(what, wanted.to_head);
  switch (wanted.from) {
  case expected::source::handler: return check_by_handler(what, wanted);
  case expected::source::gateway: return check_by_gateway(what, wanted);
  case expected::source::refusal:
    check_problem(what, wanted.to_head);
    return check(what.status < 500 || what.status == 501 || what.status == 505,
                 "a refusal that blames the server");
  case expected::source::socket:
    if (what.status == 101)
      return check(wanted.hangs_on_cut, "a WebSocket that nobody has asked for");
    check_problem(what, wanted.to_head);
    return check(what.status == 400 || what.status == 403 || what.status == 426,
                 "a handshake that is refused in a strange way");
  }
}

/// An answer that breaks off, or closes the connection, has a reason.
void check_end(const answer& what, const expected& wanted, const options& how) {
  if (how.gateway >= options::limits::tight || how.end != options::ending::waits)
    return; // the timing may be one
  check(what.whole || wanted.breaks || wanted.is_open, "an answer breaks off without a reason");
  check(what.status != 0, "an answer breaks off in its head");
  check(!what.closes() || !wanted.keep_alive || wanted.hangs_on_cut || wanted.is_open || wanted.breaks,
        "an answer closes the connection without a reason");
}

/// Frames of a server (RFC 6455, 5.2): not masked, and nothing behind a Close frame.
void check_frames(std::string_view rest, bool compressed) {
  for (bool closed = false; rest.size() >= 2;) {
    const auto first = static_cast<unsigned char>(rest[0]), second = static_cast<unsigned char>(rest[1]);
    const unsigned opcode = first & 0x0f;
    check(!closed, "a frame behind the Close frame");
    check((first & (compressed ? 0x30 : 0x70)) == 0 && second < 0x80, "a frame that no server sends");
    check(opcode <= 2 || (opcode >= 8 && opcode <= 10 && first >= 0x80 && second <= 125), "a bad frame");
    const std::size_t more = second < 126 ? 0 : second == 126 ? 2 : 8;
    std::uint64_t size = second;
    if (more > 0) {
      size = 0;
      for (const char c : rest.substr(2, more))
        size = size << 8 | static_cast<unsigned char>(c);
    }
    closed = opcode == 8;
    rest.remove_prefix(std::min<std::uint64_t>(rest.size(), 2 + more + size));
  }
}

/// How many have to come, whatever the timing.
std::size_t required(const std::vector<expected>& wanted, const options& how) {
  if (how.gateway >= options::limits::tight || how.end >= options::ending::leaves)
    return 0;
  std::size_t out = 0;
  for (const auto& each : wanted) {
    if (each.hangs_on_cut || each.is_open)
      return out;
    if (how.end != options::ending::waits && each.in_parts)
      return 0; // the client is taken to have left
    ++out;
  }
  return out;
}

/// Checks what has come, and gives what must be the same however the input is cut.
std::string check_all(std::string_view bytes, const std::vector<expected>& wanted, const options& how) {
  const auto needed = required(wanted, how);
  fuzz::answer_reader reader{bytes};
  std::string out;
  bool asked = false, over = false;
  std::size_t i = 0;
  while (!reader.done()) {
    check(!over, "something comes behind the last answer");
    const auto what = reader.read(i < wanted.size() && wanted[i].to_head);
    check(i < wanted.size(), "an answer without a request");
    const auto& each = wanted[i];
    if (what.status == 100) {
      check(each.asks && !std::exchange(asked, true), "100 Continue that nobody has asked for");
      continue;
    }
    asked = false;
    over = !what.whole || what.closes();
    check_end(what, each, how);
    if (what.status == 0)
      continue;
    check_answer(what, each, how);
    if (is_shed(what.status, how) && each.in_parts && !what.closes())
      return out; // that it would have been the last one is not so
    const auto is_socket = what.status == 101; // which is told in its own way
    check(each.keep_alive || what.closes() || is_socket || (each.may_refuse && !what.whole),
          "the last answer does not say so");
    if (is_socket) {
      check_frames(reader.rest(), what.field("Sec-WebSocket-Extensions").has_value());
      return out;
    }
    if (i++ < needed) // a body has been compared with what it should be
      out += std::to_string(what.status) + (what.whole ? " whole " : " part ")
             + (what.whole && what.status < 400 ? std::to_string(what.body.size()) : "") + "\n";
  }
  check(i >= needed, "a request without an answer");
  return out;
}

} // namespace
} // namespace troupe::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::gateway;
  if (size == 0)
    return 0;
  const options how{data[0] ^ unsigned{'0'}};
  const auto input = troupe::fuzz::text_of(data + 1, size - 1);
  const auto wanted = plain_session{input, how}.read();
  const auto at_once = play(input, how, [](std::string_view left) { return left.size(); });
  if (!at_once)
    return 0;
  const auto found = check_all(*at_once, wanted, how);
  const auto check_cut = [&](auto step) {
    if (const auto cut = play(input, how, step))
      troupe::fuzz::check_equal(check_all(*cut, wanted, how), found,
                                "cut elsewhere something else comes out");
  };
  check_cut([](std::string_view left) { return std::min(left.find("\r\n\r\n"), left.size()) + 4; });
  troupe::fuzz::derived_numbers numbers{input};
  const std::size_t most = numbers.next(2) == 1 ? 7 : 200;
  check_cut([&](std::string_view) { return numbers.next(most); });
  return 0;
}
