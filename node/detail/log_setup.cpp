#include "node/detail/log_setup.hpp"

#include "actors/detail/event_loop.hpp"
#include "actors/detail/log.hpp"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>
#include <spdlog/details/null_mutex.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::detail {

namespace {

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
  case spdlog::level::trace: return "trace";
  case spdlog::level::debug: return "debug";
  case spdlog::level::info: return "info";
  case spdlog::level::warn: return "warn";
  case spdlog::level::err:
  case spdlog::level::critical: return "error";
  case spdlog::level::off:
  case spdlog::level::n_levels: break;
  }
  return "off";
}

long millis_of(const spdlog::log_clock::time_point& time) {
  auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  return static_cast<long>(since.count() % 1000);
}

/// Calls `each(key, value)` for the fields of with_fields(); gives the message without them.
template <class F>
std::string_view split_fields(std::string_view payload, F each) {
  auto message = payload.substr(0, payload.find(field_separator));
  auto rest = payload.substr(message.size());
  while (!rest.empty()) {
    rest.remove_prefix(1);
    auto field = rest.substr(0, rest.find(field_separator));
    auto equals = field.find('=');
    if (equals != std::string_view::npos)
      each(field.substr(0, equals), field.substr(equals + 1));
    rest.remove_prefix(field.size());
  }
  return message;
}

/// Of the request on whose behalf this thread runs code; empty: of none, or it is not traced.
std::string_view present_trace_id() noexcept {
  const auto* loop = event_loop::current();
  const auto* running = loop != nullptr ? loop->running() : nullptr;
  return running != nullptr && running->trace ? running->trace->trace_id() : std::string_view{};
}

class json_formatter final : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    auto seconds = spdlog::log_clock::to_time_t(msg.time);
    nlohmann::ordered_json line{
      {"time", fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), millis_of(msg.time))},
      {"level", level_name(msg.level)},
      {"message", ""}};
    line["message"] = split_fields({msg.payload.data(), msg.payload.size()},
                                   [&](std::string_view key, std::string_view value) {
                                     line[std::string{key}] = value;
                                   });
    if (const auto id = present_trace_id(); !id.empty() && !line.contains("trace_id"))
      line["trace_id"] = id;
    auto text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }
};

class text_formatter final : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    auto seconds = spdlog::log_clock::to_time_t(msg.time);
    std::string fields;
    auto message = split_fields({msg.payload.data(), msg.payload.size()},
                                [&](std::string_view key, std::string_view value) {
                                  fields += fmt::format(" {}={}", key, value);
                                });
    if (const auto id = present_trace_id(); !id.empty() && fields.find(" trace_id=") == std::string::npos)
      fields += fmt::format(" trace_id={}", id);
    auto head = fmt::format("{:%H:%M:%S}.{:03} ", fmt::localtime(seconds), millis_of(msg.time));
    out.append(head.data(), head.data() + head.size());
    msg.color_range_start = out.size();
    auto level = fmt::format("{:<5}", level_name(msg.level));
    out.append(level.data(), level.data() + level.size());
    msg.color_range_end = out.size();
    auto tail = fmt::format(" {}{}\n", message, fields);
    out.append(tail.data(), tail.data() + tail.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<text_formatter>();
  }
};

std::string_view color_of(spdlog::level::level_enum level) {
  switch (level) {
  case spdlog::level::info: return "\x1b[32m";
  case spdlog::level::warn: return "\x1b[33m\x1b[1m";
  case spdlog::level::err:
  case spdlog::level::critical: return "\x1b[31m\x1b[1m";
  case spdlog::level::trace:
  case spdlog::level::debug:
  case spdlog::level::off:
  case spdlog::level::n_levels: break;
  }
  return "";
}

/// Standard error; lines for which there is no room are left out, and counted, not waited for.
class stderr_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
  explicit stderr_sink(std::unique_ptr<spdlog::formatter> how) : base_sink(std::move(how)) {}

protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    if (!write(msg)) {
      ++left_out_;
      return;
    }
    if (auto count = left_out_.exchange(0); count > 0)
      write({msg.logger_name, spdlog::level::warn,
             fmt::format("{} lines were left out: nobody has read the log meanwhile", count)});
  }
  void flush_() override {}

private:
  bool write(const spdlog::details::log_msg& msg) {
    spdlog::memory_buf_t line;
    formatter_->format(msg, line);
    std::string_view text{line.data(), line.size()};
    auto color = color_of(msg.level);
    if (!is_terminal_ || color.empty() || msg.color_range_end <= msg.color_range_start)
      return standard_log().write(text);
    auto level = text.substr(msg.color_range_start, msg.color_range_end - msg.color_range_start);
    return standard_log().write(fmt::format("{}{}{}\x1b[m{}", text.substr(0, msg.color_range_start),
                                            color, level, text.substr(msg.color_range_end)));
  }

  const bool is_terminal_ = isatty(STDERR_FILENO) != 0;
  std::atomic<std::size_t> left_out_{0};
};

spdlog::level::level_enum to_spdlog(config::log_level level) {
  switch (level) {
  case config::log_level::trace: return spdlog::level::trace;
  case config::log_level::debug: return spdlog::level::debug;
  case config::log_level::info: return spdlog::level::info;
  case config::log_level::warn: return spdlog::level::warn;
  case config::log_level::error: return spdlog::level::err;
  case config::log_level::off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

} // namespace

bool logs_json(const config::log_settings& settings) {
  switch (settings.format) {
  case config::log_format::json: return true;
  case config::log_format::text: return false;
  case config::log_format::automatic: break;
  }
  return isatty(STDERR_FILENO) == 0;
}

void set_up_log(const config::log_settings& settings) {
  signal(SIGPIPE, SIG_IGN); // a log that nobody reads any more ends no node, nor does a socket
  signal(SIGXFSZ, SIG_IGN); // a file that may not grow is like a disk that is full: whoever writes is told
  std::unique_ptr<spdlog::formatter> how;
  if (logs_json(settings))
    how = std::make_unique<json_formatter>();
  else
    how = std::make_unique<text_formatter>();
  auto logger = std::make_shared<spdlog::logger>("troupe",
                                                 std::make_shared<stderr_sink>(std::move(how)));
  logger->set_level(to_spdlog(settings.level));
  spdlog::set_default_logger(std::move(logger));
}

} // namespace troupe::detail
