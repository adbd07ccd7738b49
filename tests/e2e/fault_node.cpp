// A node whose handlers fail in every way that a handler can fail.
#include <chrono>
#include <stdexcept>
#include <string>
#include <troupe/troupe.hpp>

namespace {

using namespace std::chrono_literals;
using namespace troupe;

// What no client may ever see.
constexpr auto secret = "secret-4711 in /srv/internal.cpp";

task<response> throw_at_once(context&, const request&) {
  throw std::runtime_error{secret};
  co_return text("");
}

task<response> throw_later(context& ctx, const request&) {
  co_await ctx.sleep(1ms);
  throw std::logic_error{secret};
}

task<response> throw_no_exception(context& ctx, const request&) {
  co_await ctx.sleep(1ms);
  throw 4711;
}

task<response> refuse(context&, const request&) {
  throw error{errc::forbidden, "not before noon"};
  co_return text("");
}

task<response> fine(context&, const request&) {
  co_return text("fine");
}

task<response> missing(context&, const request& req) {
  throw error{errc::not_found, "there is no " + req.param<std::string>("name")};
  co_return text("");
}

task<response> unavailable(context&, const request&) {
  throw error{errc::unavailable, "not today"};
  co_return text("");
}

task<response> missing_table(context& ctx, const request&) {
  auto rows = co_await ctx.db().query("SELECT secret_column FROM secret_table");
  co_return text("");
}

/// Header injection, if the gateway lets it through.
task<response> bad_header(context&, const request&) {
  co_return text("body").with_header("X-Injected", "a\r\nX-Evil: 1");
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("faults")
                  .get("/throw", throw_at_once)
                  .get("/throw-later", throw_later)
                  .get("/throw-number", throw_no_exception)
                  .get("/fine", fine)
                  .get("/missing/{name}", missing)
                  .get("/unavailable", unavailable)
                  .get("/refuse", refuse)
                  .get("/missing-table", missing_table)
                  .get("/bad-header", bad_header)});
}
