#pragma once

#include "actors/broadcast.hpp"
#include "actors/messages/call.hpp"
#include "actors/notification.hpp"
#include "config/settings.hpp"

#include <caf/actor_control_block.hpp>

#include <memory>
#include <string>

namespace troupe::detail {
class event_loop;
}

namespace troupe::storage {

/// The channels that somebody of this node listens to, for one database actor. Its loop's thread.
class channels : public std::enable_shared_from_this<channels> {
public:
  explicit channels(troupe::detail::event_loop& loop) : loop_(loop) {}
  channels(const channels&) = delete;
  channels& operator=(const channels&) = delete;
  virtual ~channels() = default;

  /// Answers the call with `detail::listening`, or with a failure.
  virtual void listen(caf::strong_actor_ptr requester, call_id call, const std::string& channel) = 0;

  /// False: it is the database that has to be told.
  virtual bool notify(const std::string& channel, const std::string& payload) = 0;

  /// Nothing comes any more: those who wait are refused, those who listen are told the end.
  virtual void stop() = 0;

protected:
  /// A listener less; may be called from within `seat`.
  virtual void leave(const std::string& channel) = 0;

  /// Answers the call: a listener more, until its seat is destroyed, wherever that is.
  void seat(const caf::strong_actor_ptr& requester, call_id call, const std::string& channel,
            const broadcast<notification>& told);
  static void refuse(const caf::strong_actor_ptr& requester, call_id call, failure why);

  [[nodiscard]] troupe::detail::event_loop& loop() const noexcept { return loop_; }

  static constexpr const char* shutting_down = "the node is shutting down";

private:
  class seat_of;

  troupe::detail::event_loop& loop_;
};

/// Those of the settings' backend, for the database actor `owner`, with `told_as` in front of log lines. Throws
/// error{invalid_argument} for a URL that no backend takes.
[[nodiscard]] std::shared_ptr<channels> make_channels(troupe::detail::event_loop& loop, caf::weak_actor_ptr owner,
                                                      const config::storage_settings& settings,
                                                      const std::string& told_as);

} // namespace troupe::storage
