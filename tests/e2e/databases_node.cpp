// A node whose handlers use several databases: which one, the path says.
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <troupe/troupe.hpp>
#include <utility>

namespace {

using namespace troupe;

// What is asked of two databases at once must be the same text: it is what coalesced reads are told apart by.
constexpr auto one_note = "SELECT id, text FROM note WHERE text <> '' AND id IN (SELECT value FROM json_each($1))";

task<response> notes(context& ctx, const request& req) {
  co_return json(co_await ctx.db(req.param<std::string>("db")).query("SELECT text FROM note ORDER BY id"));
}

task<response> notes_of_the_default(context& ctx, const request&) {
  co_return json(co_await ctx.db().query("SELECT text FROM note ORDER BY id"));
}

task<response> add_note(context& ctx, const request& req) {
  const auto count = co_await ctx.db(req.param<std::string>("db")).exec("INSERT INTO note (text) VALUES ($1)", req.body);
  co_return json({{"rows", count}});
}

/// In a transaction that has read before: the database itself must refuse it where it is read only.
task<response> add_note_later(context& ctx, const request& req) {
  co_await ctx.db(req.param<std::string>("db")).transact([&](transaction& tx) -> task<void> {
    static_cast<void>(co_await tx.query("SELECT count(*) FROM note"));
    co_await tx.exec("INSERT INTO note (text) VALUES ($1)", req.body);
  });
  co_return text("added");
}

task<response> copy_notes(context& ctx, const request& req) {
  const auto count = co_await ctx.db(req.param<std::string>("db")).transact([&](transaction& tx) -> task<std::int64_t> {
    auto out = tx.copy_in("note", {"text"});
    co_await out.row(req.body);
    co_await out.row(req.body);
    co_return co_await out.end();
  });
  co_return json({{"rows", count}});
}

/// By a transaction and by a stream of its own.
task<response> read_notes(context& ctx, const request& req) {
  auto db = ctx.db(req.param<std::string>("db"));
  auto first = co_await db.transact([](transaction& tx) -> task<row> {
    co_return co_await tx.one("SELECT text FROM note ORDER BY id LIMIT 1");
  });
  std::string all;
  auto found = db.stream("SELECT text FROM note ORDER BY id").in_steps_of(1);
  while (auto some = co_await found.next())
    for (auto each : *some)
      all += each.get<std::string>("text") + ' ';
  co_return json({{"first", first.get<std::string>("text")}, {"all", all}});
}

task<std::string> note_of(context& ctx, std::string name, int id) {
  auto found = co_await ctx.db(name).coalesce("id").one(one_note, id);
  co_return found.get<std::string>("text");
}

task<std::string> shared_count(context& ctx, std::string name) {
  auto found = co_await ctx.db(name).shared().one("SELECT max(text) AS last FROM note");
  co_return found.get<std::string>("last");
}

/// The same reads of two databases in one step of the loop.
task<response> both(context& ctx, const request& req) {
  const auto one = req.param<std::string>("one"), other = req.param<std::string>("other");
  auto [a, b, c, d] = co_await join_all(note_of(ctx, one, 1), note_of(ctx, other, 1), shared_count(ctx, one),
                                        shared_count(ctx, other));
  co_return json({{"coalesced", {a, b}}, {"shared", {c, d}}});
}

/// The first of what is told.
task<response> first_news(context& ctx, const request& req) {
  auto news = co_await ctx.db(req.param<std::string>("db")).listen("news");
  const auto first = co_await news.next();
  co_return text(first->payload);
}

task<response> tell(context& ctx, const request& req) {
  co_await ctx.db(req.param<std::string>("db")).notify("news", req.body);
  co_return text("told");
}

/// In a transaction that waits for something else.
task<response> held(context& ctx, const request& req) {
  co_await ctx.db(req.param<std::string>("db")).transact([&](transaction& tx) -> task<void> {
    static_cast<void>(co_await tx.query("SELECT count(*) FROM note"));
    co_await ctx.sleep(std::chrono::seconds{30});
  });
  co_return text("ended");
}

task<response> slow(context& ctx, const request& req) {
  co_return json(co_await ctx.db(req.param<std::string>("db")).query("SELECT pg_sleep(30)"));
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("notes")
                  .get("/notes", notes_of_the_default)
                  .get("/{db}/notes", notes)
                  .get("/{db}/read", read_notes)
                  .get("/{db}/held", held)
                  .get("/{db}/slow", slow)
                  .get("/{db}/heard", first_news)
                  .post("/{db}/told", tell)
                  .post("/{db}/notes", add_note)
                  .post("/{db}/later", add_note_later)
                  .post("/{db}/copies", copy_notes)
                  .get("/both/{one}/{other}", both)});
}
