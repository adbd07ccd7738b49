#include "actors/cluster/peer_desk.hpp"

#include "actors/detail/keyed_directory.hpp"
#include "actors/detail/keyed_registry.hpp"
#include "actors/detail/keyed_search.hpp"
#include "actors/messages/cluster_size.hpp"
#include "actors/messages/local.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

namespace {

/// Answers that are waited for at the same time; who asks for more is told that there are too many.
constexpr std::size_t most_pending = 100'000;

/// Of a message that nobody waits for, from node to node; `call` counts them.
constexpr std::uint64_t most_hops = 3;

const failure lost_on_its_way{errc::node_lost, "the node of the actor was lost before it answered; whether the message "
                                               "was handled is unknown"};

} // namespace

peer_desk::peer_desk(caf::actor_config& config, detail::event_loop& loop, detail::node_services_ptr node,
                     std::uint64_t own_id)
  : detail::coroutine_actor(config, loop, std::move(node)), own_id_(own_id), topics_(own_id, host::node().topics) {}

caf::behavior peer_desk::make_behavior() {
  return {
    [this](peer_list& what) { on_list(what); },
    [this](uplink_lost) { on_uplink_lost(); },
    [this](call_id call, peer_ask& what) { send_out(call, true, what); },
    [this](peer_ask& what) { send_out({}, false, what); },
    [this](peer_message& what) { on_message(what); },
    [this](topic_demand& what) { topics_.on_demand(what, own_address()); },
    [this](topic_publication& what) { topics_.on_publication(what, own_address()); },
    [this](topic_message& what) { topics_.on_message(current_sender(), what, own_address()); },
    [this](topic_credit what) { topics_.on_credit(current_sender(), what, own_address()); },
    [this](drain) {
      waiting_for_drain_.push_back(current_sender());
      report_drained();
    },
  };
}

void peer_desk::drop_work() {
  fail_pending([](const pending&) { return true; });
  uplinks_.clear();
  topics_.clear();
}

// -- who is there -------------------------------------------------------------------------------------

void peer_desk::on_list(peer_list& what) {
  const auto through = current_sender();
  auto& known = uplinks_[through];
  known = std::move(what.peers);
  // Another uplink may still know it, but what went this way is lost.
  fail_pending([&](const pending& each) {
    return each.through == through
           && std::none_of(known.begin(), known.end(), [&](const peer& one) { return one.id == each.node; });
  });
  renew_view();
}

void peer_desk::on_uplink_lost() {
  const auto lost = current_sender();
  uplinks_.erase(lost);
  fail_pending([&](const pending& each) { return each.through == lost; });
  renew_view();
}

/// All that any of the uplinks knows of. Without one the node is alone, and may be so by its own fault: it has no keys.
void peer_desk::renew_view() {
  std::map<std::uint64_t, peer> all;
  for (const auto& [through, peers] : uplinks_)
    for (const auto& each : peers)
      all.try_emplace(each.id, each);
  std::vector<peer> nodes;
  for (auto& [id, each] : all)
    nodes.push_back(std::move(each));
  view_ = uplinks_.empty() ? nullptr : std::make_shared<const detail::peer_view>(own_id_, std::move(nodes));
  host::node().keyed->set_view(view_);
  topics_.set_uplinks(uplinks_, own_address());
  fail_pending([this](const pending& each) { return !view_ || !view_->has(each.node); });
  if (view_)
    share_databases();
}

void peer_desk::share_databases() {
  const auto& node = host::node();
  const auto tell = [all = cluster_size{view_->peers().size()}](const detail::node_database& which) {
    for (const auto& pool : which.pools)
      detail::deliver(detail::to_caf(pool), nullptr, cluster_size{all});
  };
  tell(node.database);
  for (const auto& each : node.further_databases)
    tell(each);
}

caf::strong_actor_ptr peer_desk::uplink_to(std::uint64_t node) const {
  for (const auto& [through, peers] : uplinks_)
    if (std::any_of(peers.begin(), peers.end(), [&](const peer& each) { return each.id == node; }))
      return through;
  return nullptr;
}

template <class Lost>
void peer_desk::fail_pending(Lost is_lost) {
  for (auto each = pending_.begin(); each != pending_.end();)
    if (is_lost(each->second)) {
      detail::deliver(each->second.asker, nullptr, call_id{each->second.call}, failure{lost_on_its_way});
      each = pending_.erase(each);
    } else {
      ++each;
    }
}

// -- out ------------------------------------------------------------------------------------------------

void peer_desk::send_out(call_id call, bool answered, peer_ask& what) {
  const auto through = uplink_to(what.node);
  if (!answered && !through)
    return tell_lost(what.kind, what.key);
  if (!through) // the view of who asks is older: it looks again
    return detail::deliver(current_sender(), nullptr, call,
                           local_reply{std::make_shared<peer_answer>(peer_answer{true, {}})});
  if (answered && pending_.size() >= most_pending)
    return detail::deliver(current_sender(), nullptr, call,
                           failure{errc::unavailable, "too many messages to actors of other nodes wait for their answers"});
  peer_message out{what.node,      own_id_,         peer_message::kind::tell, 0, std::move(what.kind), std::move(what.key),
                   std::move(what.type), std::move(what.message), errc::internal};
  if (answered) {
    out.what = peer_message::kind::ask;
    out.call = ++last_call_;
    pending_.emplace(out.call, pending{current_sender(), call, what.node, through});
  }
  detail::deliver(through, own_address(), std::move(out));
}

// -- in -------------------------------------------------------------------------------------------------

void peer_desk::on_message(peer_message& what) {
  using enum peer_message::kind;
  if (what.to != own_id_)
    return;
  if (what.what == ask || what.what == tell) {
    ++serving_;
    static_cast<void>(ctx().spawn(serve(std::move(what), current_sender())));
  } else {
    on_answer(what);
  }
}

void peer_desk::report_drained() {
  if (serving_ == 0)
    for (const auto& each : std::exchange(waiting_for_drain_, {}))
      detail::deliver(each, nullptr, drained{});
}

void peer_desk::on_answer(peer_message& what) {
  using enum peer_message::kind;
  const auto found = pending_.find(what.call);
  if (found == pending_.end() || found->second.node != what.from)
    return; // given up, or not for it to answer
  const auto to = std::move(found->second);
  pending_.erase(found);
  if (what.what == failed)
    detail::deliver(to.asker, nullptr, call_id{to.call}, failure{what.code, std::move(what.text)});
  else
    detail::deliver(to.asker, nullptr, call_id{to.call},
                    local_reply{std::make_shared<peer_answer>(peer_answer{what.what == moved, std::move(what.text)})});
}

void peer_desk::tell_lost(const std::string& kind, const std::string& key) {
  spdlog::error("a message to {}/{}, for which nobody waits, is lost: its key moves between nodes", kind, key);
}

/// A message that nobody waits for, to a key that is another node's by now.
void peer_desk::pass_on(peer_message&& what) {
  const auto owner = view_ ? view_->owner(what.actor_kind, what.key) : 0;
  const auto through = uplink_to(owner);
  if (owner == own_id_ || !through || ++what.call > most_hops)
    return tell_lost(what.actor_kind, what.key);
  what.to = owner;
  what.from = own_id_;
  detail::deliver(through, own_address(), std::move(what));
}

task<> peer_desk::serve(peer_message what, caf::strong_actor_ptr through) {
  using enum peer_message::kind;
  peer_message out{what.from, own_id_, answer, what.call, {}, {}, {}, {}, errc::internal};
  try {
    const auto& known = detail::keyed_registry::of_program();
    const auto kind = known.kind(what.actor_kind);
    const auto how = kind ? known.find(kind->type, what.type) : nullptr;
    if (how == nullptr)
      throw error{errc::internal, "node " + host::node().node_name + " has no actors \"" + what.actor_kind
                                    + "\" that take messages of type " + what.type};
    out.text = co_await how(ctx(), kind, what.key, what.text);
  } catch (const detail::moved_error&) {
    out.what = moved;
  } catch (const error& e) {
    out.what = failed;
    out.code = e.code();
    out.text = e.what();
  } catch (const std::exception& e) { // it is no JSON of the type
    out.what = failed;
    out.code = errc::internal;
    out.text = std::string{"a message of type "} + what.type + " cannot be read: " + e.what();
  }
  if (what.what == ask)
    detail::deliver(through, own_address(), std::move(out));
  else if (out.what == moved)
    pass_on(std::move(what));
  else if (out.what == failed)
    spdlog::error("{}/{}: a message that nobody waits for failed: {}", what.actor_kind, what.key, out.text);
  --serving_;
  report_drained();
}

} // namespace troupe
