#include "actors/database.hpp"

#include "actors/detail/event_loop.hpp"

namespace troupe {

namespace {

const detail::actor_address& database_of(detail::host& owner) {
  const auto& database = owner.node().database;
  if (!database)
    throw error{errc::internal, "the node has no database"};
  return database;
}

const std::string* who_asks(detail::host& owner) noexcept {
  const auto* running = owner.loop().running();
  return running != nullptr ? running->label : nullptr;
}

/// A reply that the database is told of when nobody waits for it any more: the coroutine was destroyed.
template <class Send>
class database_reply : public detail::reply_to<Send> {
public:
  database_reply(detail::host& owner, Send send)
    : detail::reply_to<Send>(owner.courier(), std::move(send)), database_(database_of(owner)) {}
  ~database_reply() {
    if (const auto call = this->waits_for(); call != 0)
      this->courier_.abandon_statement(database_, call);
  }

private:
  detail::actor_address database_;
};

} // namespace

task<rows> statements::run(detail::host& owner, detail::held_connection on, sql_statement what) {
  const auto& to = on.connection ? on.connection : database_of(owner);
  what.asked_by = who_asks(owner);
  auto value = co_await database_reply{owner, [&](std::uint64_t id) {
    owner.courier().send_statement(to, id, std::move(what));
  }};
  co_return rows{detail::expect_reply<sql_result>(std::move(value))};
}

task<row> statements::run_one(detail::host& owner, detail::held_connection on,
                              sql_statement what) {
  auto found = co_await run(owner, std::move(on), std::move(what));
  if (found.empty())
    throw error{errc::not_found, "no such row"};
  co_return found[0];
}

task<std::optional<row>> statements::run_find(detail::host& owner, detail::held_connection on,
                                              sql_statement what) {
  auto found = co_await run(owner, std::move(on), std::move(what));
  if (found.empty())
    co_return std::nullopt;
  co_return found[0];
}

task<std::int64_t> statements::run_exec(detail::host& owner, detail::held_connection on,
                                        sql_statement what) {
  auto done = co_await run(owner, std::move(on), std::move(what));
  co_return done.affected();
}

task<transaction> transaction::begin(detail::host& owner) {
  const auto& from = database_of(owner);
  auto value = co_await database_reply{owner, [&](std::uint64_t id) {
    owner.courier().acquire_connection(from, id, who_asks(owner));
  }};
  transaction tx{owner, detail::expect_reply<detail::held_connection>(std::move(value))};
  co_await tx.exec("BEGIN");
  co_return tx;
}

task<void> transaction::commit() {
  co_await exec("COMMIT");
}

transaction::~transaction() {
  if (held_.connection)
    host_->courier().release_connection(held_);
}

} // namespace troupe
