#include "actors/database.hpp"

#include <nlohmann/json.hpp>

namespace troupe {

namespace detail {

sql_value json_to_sql(const nlohmann::json& value) {
  return json_text{value.dump()};
}

} // namespace detail

task<rows> statements::run(detail::host& owner, detail::held_connection on, sql_statement what) {
  auto value = co_await detail::reply_to{owner, [&](std::uint64_t id) {
    if (!on.connection)
      return owner.send_to_database(id, std::move(what));
    owner.send_to_connection(on.connection, id, std::move(what));
    return true;
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
  auto value = co_await detail::reply_to{owner, [&](std::uint64_t id) {
    return owner.acquire_connection(id);
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
    host_->release_connection(held_);
}

} // namespace troupe
