#include "gateway/detail/http_question.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <functional>
#include <optional>

namespace troupe::gateway {

namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

using outgoing = http::request<http::string_body>;

/// The steps of one question, one after the other, within one time limit.
class steps {
public:
  steps(const config::endpoint& where, std::chrono::milliseconds limit, const std::stop_token& stop)
    : where_(where), end_(std::chrono::steady_clock::now() + limit), stop_(stop) {}

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

  http::response<http::string_body> take(const outgoing& what, std::uint64_t most_bytes, std::string_view kind) {
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
    parser.body_limit(most_bytes);
    boost::beast::flat_buffer buffer;
    http::async_read(socket_, buffer, parser, step([](std::size_t) {}));
    wait(fmt::format("does not answer as {} does", kind));
    return parser.release();
  }

private:
  void wait(std::string_view otherwise) {
    io_.restart();
    if (!stop_.stop_requested()) // before that, it would have been stopped in vain
      io_.run_until(end_);
    if (!done_) {
      error_code ignored;
      socket_.close(ignored);
      io_.stop();
      throw no_answer{fmt::format("{} {}: no answer in time", to_string(where_), otherwise)};
    }
    if (*done_)
      throw no_answer{fmt::format("{} {}: {}", to_string(where_), otherwise, done_->message())};
  }

  const config::endpoint& where_;
  std::chrono::steady_clock::time_point end_;
  std::stop_token stop_;
  boost::asio::io_context io_; // of two threads: `stop` may be asked for on another one
  tcp::resolver::results_type found_;
  tcp::socket socket_{io_};
  std::optional<error_code> done_; // of the step; none: not yet
  std::stop_callback<std::function<void()>> on_stop_{stop_, [this] { io_.stop(); }};
};

} // namespace

http_answer ask_http(const http_question& what, std::string_view kind, std::chrono::milliseconds limit,
                     const std::stop_token& stop) {
  outgoing out{what.posts ? http::verb::post : http::verb::get, what.target, 11, what.body};
  out.set(http::field::host, config::to_string(what.where));
  out.set(http::field::connection, "close");
  for (const auto& [name, value] : what.fields)
    out.set(name, value);
  out.prepare_payload();
  auto got = steps{what.where, limit, stop}.take(out, what.largest_answer, kind);
  return {static_cast<std::uint16_t>(got.result_int()), std::move(got.body())};
}

} // namespace troupe::gateway
