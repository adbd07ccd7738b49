#include "gateway/detail/access_log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <iterator>

namespace troupe::gateway {

namespace {

/// Writes of at most this size to a pipe do not mix with others' (PIPE_BUF).
constexpr std::size_t atomic_write = 4096;
constexpr std::chrono::milliseconds longest_wait{100};
/// Of a target, escaped: so that a line stays well below `atomic_write`.
constexpr std::size_t longest_text = 2048;

void append_escaped(std::string& out, std::string_view text) {
  const auto begin = out.size();
  for (auto c : text) {
    if (out.size() - begin > longest_text) {
      out.append("...");
      return;
    }
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (byte < 0x20 || byte >= 0x7f)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    else
      out.push_back(c);
  }
}

} // namespace

void access_log::add(std::string_view client, std::string_view method, std::string_view target,
                     std::uint16_t status, std::chrono::steady_clock::duration took,
                     std::uint64_t request_id, std::string_view trace_id) {
  std::timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  auto millis = now.tv_nsec / 1'000'000;
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  std::string line;
  if (format_ == access_format::json) {
    fmt::format_to(std::back_inserter(line),
                   R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"info","message":"access",)"
                   R"("client":"{}","method":"{}","target":")",
                   fmt::gmtime(now.tv_sec), millis, client, method);
    append_escaped(line, target);
    fmt::format_to(std::back_inserter(line),
                   R"(","status":{},"duration_us":{},"request_id":"{:016x}")", status, micros, request_id);
    if (!trace_id.empty())
      fmt::format_to(std::back_inserter(line), R"(,"trace_id":"{}")", trace_id);
    line.push_back('}');
  } else {
    fmt::format_to(std::back_inserter(line), "{:%H:%M:%S}.{:03} {} {} ", fmt::localtime(now.tv_sec),
                   millis, client.empty() ? "-" : client, method);
    append_escaped(line, target);
    fmt::format_to(std::back_inserter(line), " {} {} us {:016x}", status, micros, request_id);
    if (!trace_id.empty())
      fmt::format_to(std::back_inserter(line), " trace_id={}", trace_id);
  }
  line.push_back('\n');
  if (lines_.size() + line.size() > atomic_write)
    flush();
  lines_.append(line);
  if (!flush_timer_.armed())
    flush_timer_.arm(
      timers_, std::chrono::steady_clock::now() + longest_wait,
      [](void* self) { static_cast<access_log*>(self)->flush(); }, this);
}

void access_log::flush() {
  out_.write(lines_);
  lines_.clear();
}

} // namespace troupe::gateway
