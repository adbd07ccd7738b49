#include "storage/postgres/server_channels.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/detail/listening.hpp"
#include "storage/connection.hpp"
#include "storage/detail/backoff.hpp"
#include "storage/postgres/libpq.hpp"
#include "storage/postgres/listening_session.hpp"
#include "storage/postgres/sqlstate.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace troupe::storage::postgres {

using std::chrono::steady_clock;

namespace {

/// What came of an attempt to connect.
struct attempt {
  std::shared_ptr<PGconn> session;
  std::string failure;
};

attempt connect_to_listen(const config::storage_settings& settings) {
  try {
    return {{connect_session(settings.url, {settings.connect_timeout, settings.query_timeout}), PQfinish}, {}};
  } catch (const statement_error& e) {
    return {nullptr, e.internal()};
  } catch (const std::exception& e) {
    return {nullptr, e.what()};
  }
}

/// A channel:
///
///                  LISTEN sent               confirmed
///     unknown ------------------> asking -----------------> heard
///        ^                                    UNLISTEN sent   |
///        +--------------- leaving <---------------------------+
///
/// and unknown again whenever the session is lost.
class server_channels final : public channels, private troupe::detail::deferred {
public:
  server_channels(troupe::detail::event_loop& loop, const config::storage_settings& settings, std::string told_as)
    : channels(loop), settings_(settings), told_as_(std::move(told_as)) {}
  ~server_channels() override { loop().undefer(*this); }

  void listen(caf::strong_actor_ptr requester, call_id call, const std::string& name) override {
    if (stopped_)
      return refuse(requester, call, {errc::unavailable, shutting_down});
    auto& to = channels_[name];
    waiter one{std::move(requester), call, steady_clock::now() + settings_.acquire_timeout};
    if (to.now == state::heard)
      return seat_one(name, to, one);
    to.waiting.push_back(std::move(one));
    look_at(name);
    arm_expiry();
  }

  bool notify(const std::string&, const std::string&) override { return false; }

  void stop() override {
    stopped_ = true;
    retry_.disarm();
    expiry_.disarm();
    idle_.disarm();
    hang_up();
    for (auto& [name, each] : channels_) {
      refuse_all(each, {errc::unavailable, shutting_down});
      each.told.close();
    }
  }

private:
  enum class state : std::uint8_t { unknown, asking, heard, leaving };

  struct waiter {
    caf::strong_actor_ptr requester;
    call_id call;
    steady_clock::time_point until;
  };

  struct channel {
    [[nodiscard]] bool wanted() const noexcept { return listeners > 0 || !waiting.empty(); }
    broadcast<notification> told{troupe::detail::notifications_kept};
    std::size_t listeners = 0;
    std::vector<waiter> waiting;
    state now = state::unknown;
    bool gap = false; // listeners have missed what was notified lately
  };

  // -- listeners -----------------------------------------------------------------------------------------

  void seat_one(const std::string& name, channel& at, const waiter& who) {
    ++at.listeners;
    seat(who.requester, who.call, name, at.told);
  }

  static void refuse_all(channel& at, const failure& why) {
    for (const auto& each : std::exchange(at.waiting, {}))
      refuse(each.requester, each.call, why);
  }

  void leave(const std::string& name) override {
    const auto found = channels_.find(name);
    if (found == channels_.end() || --found->second.listeners > 0)
      return;
    look_at(name);
  }

  void arm_expiry() {
    if (expiry_.armed())
      return;
    auto first = steady_clock::time_point::max();
    for (const auto& [name, each] : channels_)
      for (const auto& one : each.waiting)
        first = std::min(first, one.until);
    if (first != steady_clock::time_point::max())
      expiry_.arm(loop().timers(), first, [](void* self) { static_cast<server_channels*>(self)->expire(); }, this);
  }

  void expire() {
    const auto now = steady_clock::now();
    for (auto& [name, each] : channels_) {
      const auto over = std::partition(each.waiting.begin(), each.waiting.end(),
                                       [&](const waiter& one) { return one.until > now; });
      for (auto one = over; one != each.waiting.end(); ++one)
        refuse(one->requester, one->call, {errc::unavailable, "the database did not answer within "
                                                         + std::to_string(settings_.acquire_timeout.count())
                                                         + " ms"});
      if (over != each.waiting.end())
        look_at(name);
      each.waiting.erase(over, each.waiting.end());
    }
    arm_expiry();
  }

  // -- what is to be said to the server --------------------------------------------------------------------

  /// At the end of this step of the loop.
  void look_at(const std::string& name) {
    to_look_at_.push_back(name);
    loop().defer(*this);
  }

  void run_deferred() override {
    while (!stopped_ && !to_look_at_.empty() && (!session_ || !session_->busy())) {
      const auto found = channels_.find(to_look_at_.front());
      if (found == channels_.end()) {
        to_look_at_.pop_front();
        continue;
      }
      auto& [name, each] = *found;
      const bool new_to_it = each.now == state::unknown;
      if (each.wanted() && new_to_it && !session_)
        return connect();
      if (each.wanted() && new_to_it)
        say(name, each, state::asking);
      else if (!each.wanted() && each.now == state::heard)
        say(name, each, state::leaving);
      to_look_at_.pop_front();
      if (!each.wanted() && each.now == state::unknown)
        channels_.erase(found);
    }
    arm_idle();
  }

  void say(const std::string& name, channel& to, state next) {
    to.now = next;
    said_ = name;
    answer_.arm(loop().timers(), steady_clock::now() + settings_.connect_timeout,
                [](void* self) { static_cast<server_channels*>(self)->give_up_waiting(); }, this);
    if (next == state::asking)
      session_->listen(name);
    else
      session_->unlisten(name);
  }

  void give_up_waiting() {
    if (session_->still_busy())
      on_lost("the server does not answer");
  }

  void on_done(const std::optional<listening_session::refusal>& refused) {
    answer_.disarm();
    const auto name = std::exchange(said_, {});
    auto& at = channels_.at(name);
    const bool asked = at.now == state::asking;
    at.now = asked && !refused ? state::heard : state::unknown;
    if (refused) {
      const auto what = meaning_of(refused->state);
      if (what.code == errc::unavailable) // it shuts down, for one: those who wait may be luckier
        return on_lost(refused->why);
      spdlog::error("{}{} failed: {} {}", told_as_, asked ? "LISTEN" : "UNLISTEN", refused->state, refused->why);
      refuse_all(at, {what.code, std::string{what.detail}});
      if (!asked || at.listeners > 0)
        return on_lost("the server refuses to be listened to: " + refused->why);
    } else if (asked) {
      backoff_.reset();
      tell_of_gap(at);
      for (const auto& each : std::exchange(at.waiting, {}))
        seat_one(name, at, each);
    }
    look_at(name);
  }

  /// Not before it is heard again: what a listener looked up earlier would be out of date once more.
  static void tell_of_gap(channel& at) {
    if (std::exchange(at.gap, false))
      at.told.send({.payload = {}, .gap = true});
  }

  void on_notified(std::string_view name, std::string_view payload) {
    if (const auto found = channels_.find(std::string{name}); found != channels_.end())
      found->second.told.send({std::string{payload}});
  }

  // -- the session -----------------------------------------------------------------------------------------

  /// REQUIRES: there is none.
  void connect() {
    if (connecting_ || retry_.armed())
      return;
    connecting_ = true;
    const auto own = std::static_pointer_cast<server_channels>(shared_from_this());
    try {
      loop().system().spawn<caf::detached + caf::hidden>(
        [settings = settings_, door = loop().door(), weak = std::weak_ptr{own}](caf::event_based_actor*) {
          troupe::detail::run_on_loop(*door.get(), [weak, made = connect_to_listen(settings)]() mutable {
            if (const auto self = weak.lock())
              self->on_connected(std::move(made));
          });
        });
    } catch (const std::system_error& e) { // the system gives no further thread
      loop().system().dec_detached_threads(); // CAF counts it before it starts, and would wait for it
      on_connected({nullptr, "no thread for it: " + e.code().message()});
    }
  }

  void on_connected(attempt&& made) {
    connecting_ = false;
    if (stopped_)
      return;
    if (!made.session)
      return on_lost(made.failure);
    session_ = std::make_shared<listening_session>(loop().io(), std::move(made.session));
    try {
      session_->begin({[this](auto refused) { on_done(refused); },
                       [this](auto name, auto payload) { on_notified(name, payload); },
                       [this](const auto& why) { on_lost(why); }});
    } catch (const std::system_error& e) {
      return on_lost(e.what());
    }
    if (std::exchange(lost_, false))
      spdlog::info("{}channels are listened to again", told_as_);
    loop().defer(*this);
  }

  void hang_up() noexcept {
    if (session_)
      session_->close();
    session_.reset();
    answer_.disarm();
    said_.clear();
  }

  void on_lost(const std::string& why) {
    hang_up();
    to_look_at_.clear();
    bool any = false;
    for (auto& [name, each] : channels_) {
      any = any || each.wanted();
      each.now = state::unknown;
      each.gap = each.gap || each.listeners > 0;
      to_look_at_.push_back(name);
    }
    if (any && !std::exchange(lost_, true))
      spdlog::warn("{}channels are not listened to at present: {}", told_as_, why);
    retry_.arm(loop().timers(), steady_clock::now() + backoff_.next(),
               [](void* self) { static_cast<server_channels*>(self)->run_deferred(); }, this);
  }

  /// Closed some time after the last one has left.
  void arm_idle() {
    if (!session_ || !channels_.empty() || settings_.idle_timeout.count() == 0)
      return idle_.disarm();
    if (!idle_.armed())
      idle_.arm(loop().timers(), steady_clock::now() + settings_.idle_timeout,
                [](void* self) { static_cast<server_channels*>(self)->hang_up(); }, this);
  }

  config::storage_settings settings_;
  std::string told_as_;
  std::map<std::string, channel> channels_;
  std::deque<std::string> to_look_at_; // names; others are as they should be
  std::string said_;                   // of which a command is under way
  std::shared_ptr<listening_session> session_;
  backoff backoff_;
  bool connecting_ = false;
  bool lost_ = false; // and that was told
  bool stopped_ = false;
  troupe::detail::timer retry_;
  troupe::detail::timer expiry_;
  troupe::detail::timer idle_;
  troupe::detail::timer answer_;
};

} // namespace

std::shared_ptr<channels> make_server_channels(troupe::detail::event_loop& loop,
                                               const config::storage_settings& settings, const std::string& told_as) {
  return std::make_shared<server_channels>(loop, settings, told_as);
}

} // namespace troupe::storage::postgres
