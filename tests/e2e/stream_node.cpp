// A node whose handlers take and give bodies as streams.
#include <troupe/troupe.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace troupe;

/// What the routes have done, for /counts.
std::atomic<std::uint64_t> produced{0}; // bytes
std::atomic<int> producers{0};          // that run
std::atomic<int> takers{0};             // of uploads, that run

/// Counts itself as long as it lives.
class counted {
public:
  explicit counted(std::atomic<int>& in) : in_(in) { ++in_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --in_; }

private:
  std::atomic<int>& in_;
};

/// Byte `at` of every body here: nothing may be lost, doubled or exchanged.
char byte_at(std::uint64_t at) {
  return static_cast<char>('a' + (at * 2654435761U >> 7) % 26);
}

std::string piece_at(std::uint64_t at, std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    out[i] = byte_at(at + i);
  return out;
}

/// Answers with the size, and whether each byte was the right one.
task<response> upload(context&, const request&, body_stream body) {
  const counted running{takers};
  std::uint64_t size = 0;
  bool right = true;
  while (auto piece = co_await body.next()) {
    right = right && *piece == piece_at(size, piece->size());
    size += piece->size();
  }
  co_return text(std::to_string(size) + (right ? " right" : " wrong"));
}

/// Counts only: for sizes at which looking at each byte takes too long.
task<response> count(context&, const request&, body_stream body) {
  std::uint64_t size = 0;
  while (auto piece = co_await body.next())
    size += piece->size();
  co_return text(std::to_string(size));
}

task<response> refuse(context&, const request&, body_stream) {
  throw error{errc::forbidden, "nobody may"};
  co_return response{};
}

/// Takes one piece, then nothing more for ever.
task<response> stall(context& ctx, const request&, body_stream body) {
  const counted running{takers};
  static_cast<void>(co_await body.next());
  co_await ctx.sleep(std::chrono::hours{1});
  co_return text("late");
}

task<response> echo(context&, const request& req, body_stream body) {
  co_return stream(req.header("Content-Type").value_or("application/octet-stream"),
                   [body](body_writer out) mutable -> task<void> {
                     while (auto piece = co_await body.next())
                       co_await out.write(std::move(*piece));
                   });
}

/// Goes on for that many milliseconds after the body's end.
task<response> echo_slowly(context& ctx, const request& req, body_stream body) {
  const auto time = std::chrono::milliseconds{req.query<int>("for")};
  co_return stream("text/plain", [body, time, &ctx](body_writer out) mutable -> task<void> {
    while (auto piece = co_await body.next())
      co_await out.write(std::move(*piece));
    co_await out.write(" ...");
    co_await ctx.sleep(time);
    co_await out.write(" ended");
  });
}

task<response> download(context&, const request& req) {
  const auto size = req.query<std::uint64_t>("bytes");
  const auto step = req.query<std::uint64_t>("step", std::uint64_t{64 * 1024});
  const auto checked = req.query<bool>("checked", true);
  auto write = [=](body_writer out) -> task<void> {
    const counted running{producers};
    for (std::uint64_t at = 0; at < size; at += step) {
      const auto most = static_cast<std::size_t>(std::min(step, size - at));
      co_await out.write(checked ? piece_at(at, most) : std::string(most, 'x'));
      produced += most;
    }
  };
  if (req.query<bool>("sized", false))
    co_return stream("application/octet-stream", write, size);
  co_return stream("application/octet-stream", write);
}

task<response> failing(context& ctx, const request& req) {
  const auto how = req.query<std::string>("how");
  co_return stream(
    "text/plain",
    [how, &ctx](body_writer out) -> task<void> {
      if (how == "at-once")
        throw std::runtime_error{"no body today"};
      co_await out.write("begun");
      co_await ctx.sleep(std::chrono::milliseconds{1});
      if (how == "long")
        co_await out.write("much more than that");
      if (how == "throw")
        throw std::runtime_error{"in the middle"};
    },
    how == "long" || how == "short" ? std::optional<std::uint64_t>{10} : std::nullopt);
}

task<response> ticks(context& ctx, const request& req) {
  const auto count = req.query<int>("count", 1'000'000'000);
  const auto period = std::chrono::milliseconds{req.query<int>("period", 5)};
  co_await ctx.sleep(std::chrono::milliseconds{req.query<int>("delay", 0)});
  co_return events([&ctx, count, period](event_writer out) -> task<void> {
    const counted running{producers};
    for (int i = 0; i < count; ++i) {
      co_await out.send({"tick\n" + std::to_string(i), "tick", std::to_string(i), {}});
      co_await ctx.sleep(period);
    }
  });
}

/// Answers after that many milliseconds.
task<response> late(context& ctx, const request& req) {
  co_await ctx.sleep(std::chrono::milliseconds{req.query<int>("ms")});
  co_return text("late");
}

task<response> counts(context&, const request&) {
  co_return json({{"produced", produced.load()},
                  {"producers", producers.load()},
                  {"takers", takers.load()}});
}

task<response> whole(context&, const request& req) {
  co_return text(std::to_string(req.body.size()));
}

task<void> echo_socket(context&, const request&, websocket socket) {
  const counted running{takers};
  while (auto message = co_await socket.receive())
    co_await (message->binary ? socket.send_binary(std::move(message->data))
                              : socket.send(std::move(message->data)));
}

/// Closes at once with the code; 0: fails, -1: refuses.
task<void> closing(context&, const request& req, websocket socket) {
  const auto code = req.query<int>("code");
  if (code == -1)
    throw error{errc::unauthorized, "who are you?"};
  socket.accept(req.query<std::string>("protocol", ""));
  if (code == 0)
    throw std::runtime_error{"failed behind the handshake"};
  socket.close(static_cast<close_code>(code), "as you wish");
  co_return;
}

task<void> flood(context&, const request&, websocket socket) {
  const counted running{producers};
  const std::string message(16 * 1024, 'x');
  for (;;) {
    co_await socket.send(message);
    produced += message.size();
  }
}

struct announcement {
  std::string words;
};
struct ending {
  std::string words;
};
struct read_endings {};
class speaker;
struct entry {
  std::string name;
  actor_ref<speaker> who;
};

/// Who is connected, and how connections have ended; on whatever loop.
struct register_of_speakers {
  std::vector<entry> present;
  std::vector<std::string> endings;

  void handle(entry what) { present.push_back(std::move(what)); }
  void handle(ending what) { endings.push_back(std::move(what.words)); }
  std::vector<std::string> handle(read_endings) const { return endings; }
  void handle(context& ctx, const announcement& what);
};

const keyed<register_of_speakers> registers{"registers"};

/// A connection's actor that does what its messages say.
class speaker {
public:
  explicit speaker(std::string greeting) : greeting_(std::move(greeting)) {}

  task<void> handle(context& ctx, websocket_opened what) {
    socket_ = what.socket;
    self_ = what.self<speaker>();
    name_ = what.request.param<std::string>("name");
    if (name_ == "nobody")
      throw error{errc::unauthorized, "who are you?"};
    co_await ctx.ask(registers["all"], entry{name_, self_});
    co_await socket_->send(greeting_ + ' ' + name_ + what.request.query("mark", ""));
  }

  task<void> handle(context& ctx, websocket_message what) {
    if (what.data == "refuse")
      throw error{errc::unprocessable, "not that word"};
    if (what.data == "fail")
      throw std::runtime_error{"failed on purpose"};
    if (what.data == "stop")
      ctx.stop(self_);
    if (what.data == "close")
      socket_->close(static_cast<close_code>(4002), "as told");
    if (what.data == "slow")
      for (int i = 0; i < 100; ++i)
        co_await ctx.yield();
    if (what.data == "hang")
      co_await ctx.sleep(std::chrono::hours{1});
    if (what.binary)
      co_await socket_->send_binary(what.data);
    else if (what.data != "close")
      co_await socket_->send(what.data);
  }

  void handle(context& ctx, const websocket_closed& what) {
    ctx.tell(registers["all"], ending{name_ + ' ' + std::to_string(static_cast<int>(what.code)) + ' '
                                      + what.reason});
  }

  task<void> handle(announcement what) {
    if (what.words == "fail")
      throw std::runtime_error{"failed on purpose"};
    co_await socket_->send(std::move(what.words));
  }

private:
  counted running_{takers};
  std::string greeting_, name_;
  std::optional<websocket> socket_;
  actor_ref<speaker> self_;
};

void register_of_speakers::handle(context& ctx, const announcement& what) {
  for (const auto& each : present)
    ctx.tell(each.who, what);
}

task<response> announce(context& ctx, const request& req) {
  co_await ctx.ask(registers["all"], announcement{req.body});
  co_return status(204);
}

task<response> endings(context& ctx, const request&) {
  co_return json(co_await ctx.ask(registers["all"], read_endings{}));
}

/// An actor that wants messages only.
struct socket_that_listens {
  counted running{takers};
  void handle(const websocket_message& what) { produced += what.data.size(); }
};

} // namespace

int main(int argc, char** argv) {
  constexpr std::uint64_t mib = 1024 * 1024;
  return run(argc, argv,
             {service("streams")
                .post("/upload", upload, body_limit{64 * mib})
                .post("/default-limit", upload)
                .post("/count", count, body_limit::none())
                .post("/refuse", refuse)
                .post("/stall", stall, body_limit{64 * mib})
                .post("/echo", echo, body_limit::none())
                .post("/echo-slowly", echo_slowly)
                .post("/whole", whole, body_limit{2 * mib})
                .post("/small", whole, body_limit{10})
                .get("/download", download)
                .get("/failing", failing)
                .get("/ticks", ticks)
                .get("/late", late)
                .get("/counts", counts)
                .websocket("/socket", echo_socket)
                .websocket("/closing", closing)
                .websocket("/flood", flood)
                .websocket("/speakers/{name}", socket_actor<speaker>(std::string{"hello"}))
                .websocket("/listener", socket_actor<socket_that_listens>())
                .post("/announce", announce)
                .get("/endings", endings)});
}
