#include <troupe/troupe.hpp>

using namespace troupe;

task<response> add_note(context& ctx, const request& req) {
  auto body = req.json();
  if (!body.is_object() || !body.contains("text") || !body["text"].is_string())
    throw error{errc::unprocessable, "expected {\"text\": \"...\"}"};
  auto note = co_await ctx.db().one("INSERT INTO notes (text) VALUES ($1) RETURNING id, text",
                                    body["text"].get<std::string>());
  co_return json(note).with_status(201);
}

task<response> list_notes(context& ctx, const request&) {
  co_return json(co_await ctx.db().query("SELECT id, text FROM notes ORDER BY id"));
}

// Holds one connection and asks for a second one.
task<response> greedy(context& ctx, const request&) {
  auto count = co_await ctx.db().transact([&](transaction& tx) -> task<std::int64_t> {
    co_await tx.query("SELECT 1");
    auto row = co_await ctx.db().one("SELECT count(*) AS n FROM notes"); // not tx.one: a mistake
    co_return row.get<std::int64_t>("n");
  });
  co_return json({{"notes", count}});
}

int main(int argc, char** argv) {
  application app;
  app.name = "tutorial-pool";
  app.services = {service("notes")
                    .get("/notes", list_notes)
                    .post("/notes", add_note)
                    .get("/greedy", greedy)};
  app.migrations = "migrations/tutorial-pool";
  return run(argc, argv, std::move(app));
}
