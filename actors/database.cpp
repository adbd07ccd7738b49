#include "actors/database.hpp"

#include "actors/detail/chance.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/key_loader.hpp"
#include "actors/detail/statement_span.hpp"
#include "actors/sleep.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

const detail::node_database& database_of(const detail::held_connection& held) {
  if (held.of->pools.empty())
    throw error{errc::internal, "the node has no database"};
  return *held.of;
}

/// The pool of the loop that asks.
const detail::actor_address& pool_for(detail::host& owner, const detail::held_connection& on) {
  return database_of(on).pool_of(owner.loop().index());
}

const detail::node_database& database_named(std::string_view name, const detail::node_services& node) {
  if (name == node.database.name)
    return node.database;
  auto names = node.database.name;
  for (const auto& each : node.further_databases) {
    if (each.name == name)
      return each;
    names += ", " + each.name;
  }
  throw error{errc::internal, "the node has no database \"" + std::string{name} + "\", it has: " + names};
}

const std::string* who_asks(detail::host& owner) noexcept {
  const auto* running = owner.loop().running();
  return running != nullptr ? running->label : nullptr;
}

/// Notes who asks. Gives a span where that is traced: null for most.
std::unique_ptr<detail::open_span> begin_statement(detail::host& owner, const detail::held_connection& on,
                                                   sql_statement& what) {
  const auto* running = owner.loop().running();
  if (running == nullptr)
    return nullptr;
  what.asked_by = running->label;
  if (!running->trace)
    return nullptr;
  what.trace = running->trace;
  return detail::begin_statement_span(owner.node(), on.of->name, what);
}

/// A reply that the database is told of when nobody waits for it any more: the coroutine was destroyed.
template <class Send>
class database_reply : public detail::reply_to<Send> {
public:
  database_reply(detail::host& owner, detail::actor_address pool, Send send)
    : detail::reply_to<Send>(owner.courier(), std::move(send)), pool_(std::move(pool)) {}
  ~database_reply() {
    if (const auto call = this->waits_for(); call != 0)
      this->courier_.abandon_statement(pool_, call);
  }

private:
  detail::actor_address pool_;
};

} // namespace

database::database(detail::host& owner, std::string_view name)
  : statements(owner, {{}, 0, &database_named(name, owner.node())}) {}

task<rows> statements::run(detail::host& owner, detail::held_connection on, sql_statement what) {
  const auto& pool = pool_for(owner, on);
  const auto& to = on.connection ? on.connection : pool;
  const auto span = begin_statement(owner, on, what);
  if (!what.key_column.empty()) {
    if (what.parameters.empty())
      throw error{errc::internal, "a coalesced statement needs a key, its first argument"};
    auto found = rows{co_await detail::key_read{owner, *on.of, std::move(what)}};
    if (span)
      detail::end_statement_span(*span, found.size());
    co_return found;
  }
  auto value = co_await database_reply{owner, pool, [&](std::uint64_t id) {
    owner.courier().send_statement(to, id, std::move(what));
  }};
  if (span)
    detail::end_statement_span(*span, value);
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

// -- what is notified ---------------------------------------------------------------------------------

task<void> statements::run_notify(detail::host& owner, detail::held_connection on, std::vector<notice>* kept,
                                  notice what) {
  detail::check_channel(what.channel);
  detail::check_payload(what.channel, what.payload);
  if (kept != nullptr) {
    kept->push_back(std::move(what));
    co_return;
  }
  sql_statement out{notify_sql, {std::move(what.channel), std::move(what.payload)}};
  out.steps.what = sql_steps::kind::notify;
  static_cast<void>(co_await run(owner, std::move(on), std::move(out)));
}

task<listener> database::run_listen(detail::host& owner, detail::held_connection on, std::string channel) {
  detail::check_channel(channel);
  const auto& from = database_of(on).pools.front(); // one session of the node listens for all loops
  auto value = co_await detail::reply_to{owner.courier(), [&](std::uint64_t id) {
    owner.courier().send_listen(from, id, {std::move(channel)});
  }};
  const auto heard = detail::expect_reply<std::shared_ptr<void>>(std::move(value));
  co_return listener{std::move(*std::static_pointer_cast<detail::listening>(heard))};
}

// -- transactions -------------------------------------------------------------------------------------

namespace {

std::string_view words_for(isolation level) noexcept {
  switch (level) {
  case isolation::read_committed: return " ISOLATION LEVEL READ COMMITTED";
  case isolation::repeatable_read: return " ISOLATION LEVEL REPEATABLE READ";
  case isolation::serializable: return " ISOLATION LEVEL SERIALIZABLE";
  }
  return {};
}

std::string begin_with(const transaction_options& how) {
  std::string out = "BEGIN";
  if (how.level)
    out += words_for(*how.level);
  if (how.read_only)
    out += " READ ONLY";
  return out;
}

/// The same for all of one depth: the text is what statements are kept prepared by.
std::string savepoint(std::string_view command, unsigned depth) {
  return std::string{command} + " troupe_" + std::to_string(depth);
}

constexpr const char* spoilt = "a part of the transaction was given up, so that all of it is rolled back";

} // namespace

transaction::transaction(transaction* outer)
  : statements(*outer->host_, outer->held_), outer_(outer), depth_(outer->depth_ + 1) {
  kept_ = &notices_;
  if (outer->broken_)
    throw error{errc::conflict, spoilt};
  if (std::exchange(outer->nesting_, true))
    throw std::logic_error{"a second nested transaction beside the one that is under way"};
}

transaction::~transaction() {
  if (outer_ == nullptr) {
    if (held_.connection)
      host_->courier().release_connection(held_);
    return;
  }
  outer_->nesting_ = false;
  outer_->broken_ = outer_->broken_ || open_;
}

task<void> transaction::begin(transaction_options how) {
  const auto& from = pool_for(*host_, held_);
  auto value = co_await database_reply{*host_, from, [&](std::uint64_t id) {
    host_->courier().acquire_connection(from, id, who_asks(*host_));
  }};
  const auto* of = held_.of;
  held_ = detail::expect_reply<detail::held_connection>(std::move(value));
  held_.of = of;
  co_await exec(begin_with(how));
  open_ = true;
}

task<void> transaction::begin_nested() {
  co_await exec(savepoint("SAVEPOINT", depth_));
  open_ = true;
}

task<void> transaction::commit() {
  if (broken_)
    throw error{errc::conflict, spoilt};
  if (outer_ != nullptr) {
    co_await exec(savepoint("RELEASE SAVEPOINT", depth_));
    std::move(notices_.begin(), notices_.end(), std::back_inserter(outer_->notices_));
  } else if (notices_.empty()) {
    co_await exec("COMMIT");
  } else {
    co_await commit_and_notify();
  }
  open_ = false;
}

/// Together, so that both happen or none, also when nobody waits for it any more.
task<void> transaction::commit_and_notify() {
  sql_statement what{"COMMIT", {}};
  what.steps = {.what = sql_steps::kind::commit, .lease = held_.lease};
  std::set<notice> told;
  for (const auto& each : notices_)
    if (told.insert(each).second) {
      what.parameters.emplace_back(each.channel);
      what.parameters.emplace_back(each.payload);
    }
  static_cast<void>(co_await statements::run(*host_, held_, std::move(what)));
}

task<void> transaction::undo() {
  try {
    co_await exec(savepoint("ROLLBACK TO SAVEPOINT", depth_));
    co_await exec(savepoint("RELEASE SAVEPOINT", depth_)); // it would stay otherwise
    open_ = false;
  } catch (const error&) {
    // Still open, which the outer one is told of.
  }
}

bool transaction::is_repeatable_after(const error& e) const noexcept {
  if (e.code() == errc::serialization_failure)
    return true;
  const bool begin_was_refused = held_.connection && !open_;
  return begin_was_refused && e.code() == errc::unavailable;
}

task<void> transaction::pause(unsigned failed_attempts) {
  using std::chrono::milliseconds;
  constexpr milliseconds shortest{5};
  constexpr unsigned doublings = 6; // 320 ms
  const auto full = shortest * (1 << std::min(failed_attempts - 1, doublings));
  co_await sleep(detail::by_chance(full / 2, full));
}

} // namespace troupe
