#include "actors/detail/keyed_directory.hpp"

#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/detail/moved_error.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>
#include <thread>

namespace troupe::detail {

namespace {

constexpr std::chrono::milliseconds shortest_sweep{10};
constexpr std::chrono::milliseconds longest_sweep{60'000};

// Between two looks at whether all have ended; they may be trying to save.
constexpr std::chrono::milliseconds shortest_pause{2};
constexpr std::chrono::milliseconds longest_pause{200};

void end_unsaved(state_cell& what) {
  spdlog::error("{} is ended before it is done: what it has not saved is lost", what.host_name());
  what.end_life();
}

} // namespace

keyed_kind::keyed_kind(std::string kind, const void* t, keyed_options options)
  : name(std::move(kind)), label(intern(name)), type(t), how(std::move(options)) {}

// -- the directory ------------------------------------------------------------------------------------

std::size_t keyed_directory::place_hash::operator()(const place& which) const noexcept {
  const std::hash<std::string> of;
  return of(which.first) * 31 + of(which.second);
}

keyed_directory::keyed_directory(std::vector<event_loop*> loops) : loops_(std::move(loops)) {
  for (auto* each : loops_) {
    auto made = std::make_unique<table>();
    made->of = this;
    made->loop = each;
    tables_.push_back(std::move(made));
  }
}

keyed_directory::~keyed_directory() = default;

event_loop& keyed_directory::home_of(const std::string& kind, const std::string& key) const noexcept {
  return *loops_[place_hash{}({kind, key}) % loops_.size()];
}

keyed_directory::table& keyed_directory::own_table() const {
  const auto at = std::find(loops_.begin(), loops_.end(), event_loop::current()) - loops_.begin();
  return *tables_.at(static_cast<std::size_t>(at));
}

// -- the cluster ----------------------------------------------------------------------------------------

void keyed_directory::join_cluster(actor_address desk) {
  desk_ = std::move(desk);
}

void keyed_directory::set_view(std::shared_ptr<const peer_view> view) {
  for (const auto& each : tables_)
    each->loop->post([this, &mine = *each, view] {
      mine.view = view;
      if (!mine.actors.empty() && !stopping_.load())
        sweep(mine);
    });
}

keyed_directory::place_of_key keyed_directory::locate(const keyed_kind& kind, const std::string& key) const {
  using enum place_of_key::where;
  if (kind.how.scope == keyed_scope::node || !desk_)
    return {here};
  const auto& view = own_table().view;
  if (!view)
    return {nowhere};
  const auto owner = view->owner(kind.name, key);
  if (owner == view->own())
    return {here};
  return {owner == 0 ? nowhere : there, owner};
}

bool keyed_directory::is_elsewhere(const table& mine, const std::string& kind, const std::string& key) const {
  return desk_ && (!mine.view || mine.view->owner(kind, key) != mine.view->own());
}

// -- actors ---------------------------------------------------------------------------------------------

auto keyed_directory::find(const node_services_ptr& node, const std::shared_ptr<const keyed_kind>& kind,
                           const std::string& key) -> std::variant<cell_ref, failure, moved_away> {
  auto* here = event_loop::current();
  auto& mine = own_table();
  const bool in_cluster = kind->how.scope == keyed_scope::cluster;
  if (in_cluster && is_elsewhere(mine, kind->name, key))
    return moved_away{};
  if (mine.types.emplace(kind->name, kind->type).first->second != kind->type) {
    failure why{errc::internal, "keyed actors of two types are both called \"" + kind->name + "\""};
    spdlog::error("{}", why.detail);
    return why;
  }
  auto& found = mine.actors[{kind->name, key}];
  found.in_cluster = in_cluster;
  found.used = std::chrono::steady_clock::now();
  found.idle_timeout = kind->how.idle_timeout;
  if (found.actor && !found.actor->ended())
    return found.actor;
  if (stopping_.load())
    return failure{errc::unavailable, "the node is stopping"};
  auto options = kind->how.actor;
  options.name = kind->name + "/" + key;
  options.where = placement::here;
  auto as = std::make_shared<const cell_kind>(cell_kind{kind->label, std::move(options)});
  found.actor = kind->make(*here, node, std::move(as), key);
  auto made = found.actor;
  arm(mine, kind->how.idle_timeout / 4);
  made->come_alive();
  return made;
}

void keyed_directory::arm(table& mine, std::chrono::milliseconds period) {
  period = std::clamp(period, shortest_sweep, longest_sweep);
  if (mine.sweep.armed() && mine.period <= period)
    return;
  mine.period = period;
  mine.sweep.arm(mine.loop->timers(), after(period),
                 [](void* self) {
                   auto& own = *static_cast<table*>(self);
                   own.of->sweep(own);
                 },
                 &mine);
}

void keyed_directory::sweep(table& mine) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<cell_ref> idle; // ended apart: that may change the table
  auto shortest = longest_sweep;
  for (auto each = mine.actors.begin(); each != mine.actors.end();) {
    auto& [which, held] = *each;
    if (!held.actor || held.actor->ended()) {
      each = mine.actors.erase(each);
      continue;
    }
    const bool moves = held.in_cluster && is_elsewhere(mine, which.first, which.second);
    if ((moves || now - held.used >= held.idle_timeout) && held.actor->idle())
      idle.push_back(held.actor);
    shortest = std::min(shortest, moves ? shortest_sweep : held.idle_timeout / 4);
    ++each;
  }
  for (const auto& each : idle)
    each->retire();
  if (!mine.actors.empty())
    arm(mine, shortest);
}

/// Ends those of one loop that are done; true when none is left.
std::future<bool> keyed_directory::settle(table& mine, bool late) {
  auto answer = std::make_shared<std::promise<bool>>();
  auto out = answer->get_future();
  mine.loop->post([&mine, late, answer] {
    mine.sweep.disarm();
    std::vector<cell_ref> present;
    for (const auto& [which, held] : mine.actors)
      if (held.actor && !held.actor->ended())
        present.push_back(held.actor);
    for (const auto& one : present)
      late ? end_unsaved(*one) : one->retire();
    std::erase_if(mine.actors,
                  [](const auto& one) { return !one.second.actor || one.second.actor->ended(); });
    answer->set_value(mine.actors.empty());
  });
  return out;
}

void keyed_directory::shut_down(std::chrono::milliseconds limit) {
  stopping_.store(true);
  const auto until = std::chrono::steady_clock::now() + limit;
  for (auto pause = shortest_pause;; pause = std::min(2 * pause, longest_pause)) {
    const bool late = std::chrono::steady_clock::now() >= until;
    std::vector<std::future<bool>> answers;
    for (const auto& each : tables_)
      answers.push_back(settle(*each, late));
    bool ended = true;
    for (auto& each : answers) {
      const bool answered = each.wait_until(until + longest_pause) == std::future_status::ready;
      ended = answered && each.get() && ended;
    }
    if (ended || late)
      return;
    std::this_thread::sleep_for(pause);
  }
}

namespace {

std::optional<failure> why_not(const std::variant<cell_ref, failure, keyed_directory::moved_away>& found,
                               letter& what, bool is_awaited) {
  if (const auto* why = std::get_if<failure>(&found))
    return *why;
  if (!std::holds_alternative<keyed_directory::moved_away>(found))
    return std::nullopt;
  if (!is_awaited)
    spdlog::error("a message for which nobody waits is lost: its key has moved to another node");
  what.moved = true;
  return failure{errc::unavailable, moved_error{}.what()};
}

} // namespace

bool send_to_key(host& from, const std::shared_ptr<const keyed_kind>& kind, const std::string& key,
                 letter& what, asker* by) {
  const auto& directory = from.node().keyed;
  if (!directory)
    throw std::logic_error{"there are no keyed actors here: only in a node, or in block_on"};
  auto& home = directory->home_of(kind->name, key);
  if (&home == event_loop::current()) {
    auto found = directory->find(from.services(), kind, key);
    if (auto why = why_not(found, what, by != nullptr)) {
      what.fail_unsent(by, std::move(*why));
      return by != nullptr;
    }
    what.to = std::get<cell_ref>(std::move(found));
    return what.send(by);
  }
  what.set_out(by);
  run_on_loop(*home.door().get(), [directory, node = from.services(), kind, key, is_awaited = by != nullptr,
                     carried = std::unique_ptr<letter>{&what}]() mutable {
    auto& arrived = *carried.release();
    auto found = directory->find(node, kind, key);
    if (auto why = why_not(found, arrived, is_awaited)) {
      arrived.answer(*why);
      return;
    }
    arrived.to = std::get<cell_ref>(std::move(found));
    arrived.arrive();
  });
  return false;
}

// -- states as rows -------------------------------------------------------------------------------------

namespace {

constexpr const char* create_state_table =
  "CREATE TABLE IF NOT EXISTS troupe_actors (kind TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, "
  "version BIGINT NOT NULL, PRIMARY KEY (kind, key))";
constexpr const char* look_up_state = "SELECT state, version FROM troupe_actors WHERE kind = $1 AND key = $2";
/// An empty state is one that has never been saved.
constexpr const char* take_over =
  "INSERT INTO troupe_actors (kind, key, state, version) VALUES ($1, $2, '', 1) ON CONFLICT (kind, key) "
  "DO UPDATE SET version = troupe_actors.version + 1 RETURNING state, version";

} // namespace

task<void> row_keeper::load(context& ctx, void* state) {
  auto& directory = *ctx.host().node().keyed;
  if (takes_over_ && directory.is_elsewhere(kind_, key_)) // it would take it away from there
    throw moved_error{};
  if (!directory.table_seen.load()) {
    try {
      co_await ctx.db().exec(create_state_table);
    } catch (const error&) { // PostgreSQL: another node has made it at this moment; or what follows tells
    }
  }
  const auto found = co_await ctx.db().find(takes_over_ ? take_over : look_up_state, kind_, key_);
  directory.table_seen.store(true);
  version_ = 0;
  if (found) {
    if (const auto text = found->get<std::string>("state"); !text.empty())
      parse(text, state);
    version_ = found->get<std::int64_t>("version");
  }
  stored_ = dump(state);
}

bool row_keeper::changed(const void* state) {
  present_ = dump(state);
  return present_ != stored_;
}

bool row_keeper::must_save(const void* state) {
  return when_ == persistence::each_change && changed(state);
}

bool row_keeper::must_save_at_end(const void* state) {
  return changed(state);
}

task<void> row_keeper::save(context& ctx, const void*) {
  const auto written =
    version_ == 0
      ? co_await ctx.db().exec("INSERT INTO troupe_actors (kind, key, state, version) "
                               "VALUES ($1, $2, $3, 1) ON CONFLICT (kind, key) DO NOTHING",
                               kind_, key_, present_)
      : co_await ctx.db().exec("UPDATE troupe_actors SET state = $3, version = version + 1 "
                               "WHERE kind = $1 AND key = $2 AND version = $4",
                               kind_, key_, present_, version_);
  if (written != 1 && takes_over_)
    throw moved_error{};
  if (written != 1)
    throw error{errc::conflict, "another node has changed the state of " + kind_ + "/" + key_};
  ++version_;
  stored_ = present_;
}

} // namespace troupe::detail
