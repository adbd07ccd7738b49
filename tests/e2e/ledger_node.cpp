// A node for the cluster tests: it writes down what it ran, so that a test can tell whether a
// request ran twice. The file's name is in the environment variable LEDGER_FILE.
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <troupe/troupe.hpp>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using namespace troupe;

/// Appends one line in one write, so that several processes may share the file.
void record(const std::string& key) {
  int file = ::open(std::getenv("LEDGER_FILE"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  auto line = key + "\n";
  if (file < 0 || ::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw error{errc::unavailable, "the ledger cannot be written"};
  ::close(file);
}

/// Waits before and after it writes: a node that is killed dies in either state.
task<response> append(context& ctx, const request& req) {
  auto key = req.param<std::string>("key");
  co_await ctx.sleep(4ms);
  record(key);
  co_await ctx.sleep(4ms);
  co_return json({{"key", key}, {"pid", ::getpid()}});
}

task<response> show(context& ctx, const request&) {
  co_await ctx.sleep(4ms);
  co_return json({{"pid", ::getpid()}});
}

/// The process, with the status that the environment variable LEDGER_VERDICT says, 200 if there is none.
response verdict() {
  const char* status = std::getenv("LEDGER_VERDICT");
  return json({{"pid", ::getpid()}}).with_status(static_cast<std::uint16_t>(status ? std::atoi(status) : 200));
}

task<response> judge(context& ctx, const request&) {
  co_await ctx.sleep(4ms);
  co_return verdict();
}

/// Where the environment variable LEDGER_GATE names a file, waits until it is there. What is destroyed meanwhile is
/// written down, too.
task<response> wait_at_gate(context& ctx, const request&) {
  struct farewell {
    ~farewell() {
      if (left)
        record("left " + std::to_string(::getpid()));
    }
    bool left = true;
  } on_end;
  record("came " + std::to_string(::getpid()));
  const char* gate = std::getenv("LEDGER_GATE");
  while (gate != nullptr && ::access(gate, F_OK) != 0)
    co_await ctx.sleep(2ms);
  on_end.left = false;
  co_return verdict();
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv, {service("ledger")
                            .post("/ledger/{key}", append)
                            .put("/ledger/{key}", append)
                            .idempotent()
                            .get("/ledger", show)
                            .get("/judge", judge)
                            .get("/sessions/{id}", show)
                            .sticky("id")
                            .get("/session", show)
                            .sticky(header{"X-Session"})
                            .get("/hedged/{id}", wait_at_gate)
                            .sticky("id")
                            .hedge_after(20ms)});
}
