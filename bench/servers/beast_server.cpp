// bench-beast THREADS PORT: what Boost.Beast costs when it is used as its examples have it: its parser and serializer,
// a coroutine for each connection, one io_context and listener for each thread. /plaintext and /json of TechEmpower's
// tests, 404 for the rest; 127.0.0.1 only.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

std::string date() {
  char text[64];
  const auto now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

http::response<http::string_body> answer(const http::request<http::string_body>& what) {
  http::response<http::string_body> out{http::status::ok, what.version()};
  out.set(http::field::server, "beast");
  out.set(http::field::date, date());
  out.keep_alive(what.keep_alive());
  if (what.target() == "/plaintext") {
    out.set(http::field::content_type, "text/plain");
    out.body() = "Hello, World!";
  } else if (what.target() == "/json") {
    out.set(http::field::content_type, "application/json");
    out.body() = nlohmann::json{{"message", "Hello, World!"}}.dump();
  } else {
    out.result(http::status::not_found);
  }
  out.prepare_payload();
  return out;
}

asio::awaitable<void> serve(tcp::socket client) {
  boost::beast::flat_buffer buffer;
  boost::system::error_code failed;
  client.set_option(tcp::no_delay{true});
  for (;;) {
    http::request<http::string_body> what;
    co_await http::async_read(client, buffer, what, asio::redirect_error(asio::use_awaitable, failed));
    if (failed)
      co_return;
    auto out = answer(what);
    co_await http::async_write(client, out, asio::redirect_error(asio::use_awaitable, failed));
    if (failed || !out.keep_alive())
      co_return;
  }
}

asio::awaitable<void> listen(asio::io_context& io, std::uint16_t port) {
  tcp::acceptor from{io};
  from.open(tcp::v4());
  from.set_option(tcp::acceptor::reuse_address{true});
  from.set_option(reuse_port{true});
  from.bind({asio::ip::make_address_v4("127.0.0.1"), port});
  from.listen(1024);
  for (;;)
    asio::co_spawn(io, serve(co_await from.async_accept(asio::use_awaitable)), asio::detached);
}

void run(std::uint16_t port) {
  asio::io_context io{1};
  asio::co_spawn(io, listen(io, port), [](const std::exception_ptr& failed) {
    if (failed)
      std::rethrow_exception(failed);
  });
  io.run();
}

} // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench-beast THREADS PORT\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  std::vector<std::thread> threads;
  for (int i = 1; i < std::atoi(argv[1]); ++i)
    threads.emplace_back(run, port);
  run(port);
} catch (const std::exception& e) {
  std::fprintf(stderr, "bench-beast: %s\n", e.what());
  return 1;
}
