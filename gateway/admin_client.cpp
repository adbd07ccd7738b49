#include "gateway/admin_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace troupe::gateway {

namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

/// All actors of a big node as JSON, and more.
constexpr std::uint64_t largest_answer = 256 * 1024 * 1024;

/// One question: its steps, one after the other, within one time limit.
class question {
public:
  question(const config::endpoint& where, std::chrono::milliseconds limit)
    : where_(where), end_(std::chrono::steady_clock::now() + limit) {}

  /// For one operation: keeps its error, and has `take` keep its result.
  template <class Take>
  auto step(Take take) {
    done_.reset();
    return [this, take](const error_code& ec, const auto& result) {
      done_ = ec;
      if (!ec)
        take(result);
    };
  }

  http::response<http::string_body> ask(const http::request<http::empty_body>& what) {
    tcp::resolver resolver{io_};
    resolver.async_resolve(where_.host, std::to_string(where_.port), step([this](const auto& found) {
      found_ = found;
    }));
    wait("cannot be found");
    boost::asio::async_connect(socket_, found_, step([](const auto&) {}));
    wait("cannot be reached");
    http::async_write(socket_, what, step([](std::size_t) {}));
    wait("has closed the connection");
    http::response_parser<http::string_body> parser;
    parser.body_limit(largest_answer);
    boost::beast::flat_buffer buffer;
    http::async_read(socket_, buffer, parser, step([](std::size_t) {}));
    wait("does not answer as an admin address does");
    return parser.release();
  }

private:
  void wait(const char* otherwise) {
    io_.restart();
    io_.run_until(end_);
    const auto is_late = !done_;
    if (is_late) {
      error_code ignored;
      socket_.close(ignored);
      io_.stop();
      throw admin_error{fmt::format("{} {}: no answer in time", to_string(where_), otherwise)};
    }
    if (*done_)
      throw admin_error{fmt::format("{} {}: {}", to_string(where_), otherwise, done_->message())};
  }

  const config::endpoint& where_;
  std::chrono::steady_clock::time_point end_;
  boost::asio::io_context io_{1};
  tcp::resolver::results_type found_;
  tcp::socket socket_{io_};
  std::optional<error_code> done_; // of the step; none: not yet
};

admin_client::answer carry_out(http::verb method, const std::string& target,
                               const config::endpoint& where, const std::string& token,
                               std::chrono::milliseconds limit) {
  http::request<http::empty_body> what{method, target, 11};
  what.set(http::field::host, config::to_string(where));
  what.set(http::field::connection, "close");
  if (!token.empty())
    what.set(http::field::authorization, "Bearer " + token);
  what.prepare_payload();
  auto got = question{where, limit}.ask(what);
  return {static_cast<std::uint16_t>(got.result_int()), std::move(got.body())};
}

} // namespace

admin_client::admin_client(config::endpoint where, std::string token, std::chrono::milliseconds limit)
  : where_(std::move(where)), token_(std::move(token)), limit_(limit) {}

admin_client::answer admin_client::get(const std::string& target) const {
  return carry_out(http::verb::get, target, where_, token_, limit_);
}

admin_client::answer admin_client::post(const std::string& target) const {
  return carry_out(http::verb::post, target, where_, token_, limit_);
}

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char each : text) {
    const auto is_alphanumeric = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z')
                                 || (each >= '0' && each <= '9');
    if (is_alphanumeric || std::string_view{"-._~"}.find(each) != std::string_view::npos)
      out.push_back(each);
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(each));
  }
  return out;
}

} // namespace troupe::gateway
