#include "tests/conformance/exchange.hpp"

#include "tests/support/loopback.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/file_descriptor.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/sockios.h>
#include <memory>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace troupe::test {

namespace {

constexpr std::size_t at_once = 400; // most of them wait for the node to get its turn
constexpr std::string_view probe_body = "/target?probe";

/// Tells whether the connection is open, and in step.
const std::string probe = get(std::string{probe_body}, "Connection: close\r\n");

file_descriptor connect_to(std::uint16_t port) {
  auto out = connect_to_loopback(port);
  if (!out)
    throw std::runtime_error{std::string{"connect: "} + std::strerror(errno)};
  send_at_once(out);
  ::fcntl(out.get(), F_SETFL, O_NONBLOCK);
  return out;
}

/// The value of a field in a head as Troupe writes it; empty when there is none.
std::string_view field_of(std::string_view head, std::string_view name) {
  auto at = head.find("\r\n" + std::string{name} + ": ");
  if (at == std::string_view::npos)
    return {};
  at += name.size() + 4;
  return head.substr(at, head.find("\r\n", at) - at);
}

/// A problem's detail, without the request's id, which differs each time.
std::string comparable(std::string_view head, std::string body) {
  if (body.empty() || field_of(head, "Content-Type") != "application/problem+json")
    return body;
  const auto json = nlohmann::json::parse(body, nullptr, false);
  return json.is_object() ? json.value("detail", "") : body;
}

/// One script on its way.
class conversation {
public:
  conversation(std::uint16_t port, const script& what)
      : script_(what), socket_(connect_to(port)), unsent_(what.pieces) {}

  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  [[nodiscard]] const reaction& result() const noexcept { return result_; }

  /// Does what can be done now. False when all is over.
  bool advance() {
    if (!receive())
      return finish();
    if (!result_.trouble.empty())
      return false;
    if (limit_.passed()) {
      result_.trouble = "nothing more came in time";
      return false;
    }
    send();
    return true;
  }

  /// Waits for the arrival of what has been sent, which no event tells of.
  [[nodiscard]] bool is_sending() const noexcept { return !unsent_.empty(); }

private:
  /// False at the end of the stream.
  bool receive() {
    std::array<char, 4096> buffer;
    while (true) {
      const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (size < 0 && errno == EINTR)
        continue;
      if (size < 0 && errno == EAGAIN)
        break;
      if (size <= 0)
        return false;
      received_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    while (take_answer()) {
    }
    return true;
  }

  bool take_answer() {
    const auto head_size = received_.find("\r\n\r\n");
    if (head_size == std::string::npos)
      return false;
    const auto head = received_.substr(0, head_size + 2);
    if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) {
      result_.trouble = "no HTTP: " + received_;
      return false;
    }
    const auto status = std::atoi(head.c_str() + 9);
    const auto bodiless = status / 100 == 1 || status == 204 || status == 304
                          || (script_.of->to_head && result_.answers.size() < script_.of->answers);
    const auto length =
        bodiless ? 0
                 : std::strtoul(std::string{field_of(head, "Content-Length")}.c_str(), nullptr, 10);
    if (received_.size() < head_size + 4 + length)
      return false;
    if (status / 100 == 1 && !may_be_asked_for_body())
      result_.trouble = "an interim answer that is not wanted";
    if (status / 100 != 1)
      result_.answers.push_back(
          {status, comparable(head, received_.substr(head_size + 4, length))});
    received_.erase(0, head_size + 4 + length);
    return true;
  }

  /// "100 Continue" comes or not, as the body is late or not; never to others.
  [[nodiscard]] bool may_be_asked_for_body() const {
    const auto& bytes = script_.of->bytes;
    return bytes.find("xpect: ") != std::string::npos
           && bytes.find("HTTP/1.0") == std::string::npos;
  }

  void send() {
    if (!unsent_.empty()) {
      if (send_if_arrived(unsent_.front()))
        unsent_.erase(unsent_.begin());
    } else if (script_.of->ends && !probed_) {
      ::shutdown(socket_.get(), SHUT_WR);
      probed_ = true;
    } else if (result_.answers.size() >= script_.of->answers && !probed_) {
      probed_ = send_if_arrived(probe);
    }
  }

  /// Once nothing is under way any more, so that `bytes` make a segment of their own. What cannot
  /// be sent need not: the server has closed.
  bool send_if_arrived(std::string_view bytes) {
    int under_way = 0;
    if (::ioctl(socket_.get(), SIOCOUTQ, &under_way) == 0 && under_way > 0)
      return false;
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent >= 0 || (errno != EAGAIN && errno != EINTR);
  }

  /// At the end of the stream.
  bool finish() {
    while (take_answer()) {
    }
    if (!received_.empty() && result_.trouble.empty())
      result_.trouble = "bytes behind the last answer: " + received_;
    auto& answers = result_.answers;
    if (!answers.empty() && answers.back() == answer{200, std::string{probe_body}}) {
      answers.pop_back();
      result_.stays_open = true;
    }
    return false;
  }

  const script& script_;
  file_descriptor socket_;
  std::vector<std::string_view> unsent_;
  bool probed_ = false;
  std::string received_;
  reaction result_;
  deadline limit_{4 * soon}; // a thousand bytes one by one, on a machine with other work
};

} // namespace

std::string to_text(const reaction& what) {
  std::string out;
  for (const auto& each : what.answers)
    out += std::to_string(each.status) + " \"" + each.body + "\"; ";
  if (what.answers.empty())
    out = "no answer; ";
  return out + (what.stays_open ? "stays open" : "closed")
         + (what.trouble.empty() ? "" : "; " + what.trouble);
}

std::string objection(const conformance_case& to, const reaction& what) {
  if (!what.trouble.empty())
    return what.trouble;
  const auto& answers = what.answers;
  const auto status = answers.empty() ? no_answer : answers.back().status;
  if (std::find(to.allowed.begin(), to.allowed.end(), status) == to.allowed.end())
    return "the status is not allowed";
  if (!answers.empty() && answers.size() != to.answers)
    return "another number of answers";
  for (std::size_t i = 0; i + 1 < answers.size(); ++i)
    if (answers[i].status != 200)
      return "an answer before the last is not 200";
  if (to.body && status != no_answer && status < 400 && answers.back().body != *to.body)
    return "the handler has seen something else";
  const bool may_stay =
      to.after == fate::stays || (to.after == fate::closes_if_refused && status < 400);
  if (what.stays_open != may_stay)
    return may_stay ? "the connection is closed" : "the connection stays open";
  return {};
}

script in_one_piece(const conformance_case& what) {
  return {&what, {what.bytes}};
}

script byte_by_byte(const conformance_case& what) {
  script out{&what, {}};
  for (std::size_t i = 0; i < what.bytes.size(); ++i)
    out.pieces.push_back(std::string_view{what.bytes}.substr(i, 1));
  return out;
}

script cut_in_two(const conformance_case& what, std::size_t at) {
  const std::string_view bytes{what.bytes};
  return {&what, {bytes.substr(0, at), bytes.substr(at)}};
}

std::vector<reaction> play(std::uint16_t port, const std::vector<script>& scripts) {
  std::vector<reaction> out(scripts.size());
  std::vector<std::pair<std::size_t, std::unique_ptr<conversation>>> active;
  std::vector<pollfd> events;
  std::size_t next = 0;
  while (next < scripts.size() || !active.empty()) {
    for (; active.size() < at_once && next < scripts.size(); ++next)
      active.emplace_back(next, std::make_unique<conversation>(port, scripts[next]));
    bool sending = false;
    events.clear();
    std::erase_if(active, [&](auto& each) {
      if (each.second->advance()) {
        sending = sending || each.second->is_sending();
        events.push_back({each.second->socket(), POLLIN, 0});
        return false;
      }
      out[each.first] = each.second->result();
      return true;
    });
    if (!events.empty())
      ::poll(events.data(), events.size(), sending ? 1 : 10);
  }
  return out;
}

} // namespace troupe::test
