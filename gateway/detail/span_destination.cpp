#include "gateway/detail/span_destination.hpp"

#include "actors/detail/file_descriptor.hpp"
#include "config/endpoint.hpp"
#include "gateway/detail/http_question.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace troupe::gateway {

namespace {

constexpr std::uint64_t largest_answer = 1024 * 1024;

/// A file, a line for each request, behind what is in it already.
class span_file final : public span_destination {
public:
  explicit span_file(const std::string& path)
    : file_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)) {
    if (!file_)
      throw std::system_error{errno, std::generic_category(), path};
  }

  void write(const std::string& json, std::chrono::milliseconds, const std::stop_token&) override {
    const auto line = (is_cut_short_ ? "\n" : "") + json + '\n';
    std::string_view left = line;
    while (!left.empty()) {
      const auto written = ::write(file_.get(), left.data(), left.size());
      if (written > 0) {
        left.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR) {
        is_cut_short_ = is_cut_short_ || left.size() < line.size();
        throw std::system_error{errno, std::generic_category(), "the file of trace.export"};
      }
    }
    is_cut_short_ = false;
  }

private:
  troupe::detail::file_descriptor file_;
  bool is_cut_short_ = false; // the last line, by a full disk
};

class otlp_receiver final : public span_destination {
public:
  explicit otlp_receiver(config::endpoint where) : where_(std::move(where)) {}

  void write(const std::string& json, std::chrono::milliseconds limit, const std::stop_token& stop) override {
    const http_question what{where_, true, "/v1/traces", {{"Content-Type", "application/json"}}, json, largest_answer};
    const auto got = ask_http(what, "an OTLP receiver", limit, stop);
    if (got.status < 200 || got.status > 299)
      throw std::runtime_error{fmt::format("{} answers {} to POST /v1/traces", to_string(where_), got.status)};
  }

private:
  config::endpoint where_;
};

} // namespace

std::unique_ptr<span_destination> open_span_destination(const std::string& where) {
  if (auto receiver = config::trace_receiver(where))
    return std::make_unique<otlp_receiver>(std::move(*receiver));
  return std::make_unique<span_file>(where);
}

} // namespace troupe::gateway
