#include "storage/detail/channels.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/detail/listening.hpp"
#include "actors/messages/local.hpp"
#include "storage/connection.hpp"
#include "storage/postgres/server_channels.hpp"
#include "storage/sqlite/local_channels.hpp"
#include "storage/sqlite/sqlite_connection.hpp"

#include <utility>

namespace troupe::storage {

using troupe::detail::deliver;

class channels::seat_of {
public:
  seat_of(channels& all, std::string name)
    : all_(all.weak_from_this()), loop_(all.loop_.door()), channel_(std::move(name)) {}
  seat_of(const seat_of&) = delete;
  seat_of& operator=(const seat_of&) = delete;
  ~seat_of() {
    troupe::detail::run_on_loop(*loop_.get(), [all = all_, name = std::move(channel_)] {
      if (const auto at = all.lock())
        at->leave(name);
    });
  }

private:
  std::weak_ptr<channels> all_;
  troupe::detail::door_ref loop_;
  std::string channel_;
};

void channels::seat(const caf::strong_actor_ptr& requester, call_id call, const std::string& channel,
                    const broadcast<notification>& told) {
  using troupe::detail::listening;
  deliver(requester, nullptr, call,
          local_reply{std::make_shared<listening>(listening{told, std::make_shared<seat_of>(*this, channel)})});
}

void channels::refuse(const caf::strong_actor_ptr& requester, call_id call, failure why) {
  deliver(requester, nullptr, call, std::move(why));
}

std::shared_ptr<channels> make_channels(troupe::detail::event_loop& loop, caf::weak_actor_ptr owner,
                                        const config::storage_settings& settings, const std::string& told_as) {
  switch (backend_of(settings.url)) {
  case backend::sqlite:
    return sqlite::make_local_channels(loop, std::move(owner), sqlite::path_of(settings.url));
  case backend::postgres: return postgres::make_server_channels(loop, settings, told_as);
  }
  throw error{errc::internal, "storage: no such backend"};
}

} // namespace troupe::storage
