#include "actors/cluster/gateway_links.hpp"

#include "actors/messages/local.hpp"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

namespace troupe {

namespace {

constexpr std::chrono::minutes forget_after{1};
/// What a gateway tells of is not believed without a bound.
constexpr std::size_t most_links = 64;

} // namespace

gateway_links::gateway_links(caf::actor_config& config, detail::event_loop& loop,
                             const std::vector<config::endpoint>& first, gateway_link::options how,
                             std::string own_address, std::function<void(const caf::actor&)> own)
  : detail::exposed_actor(config, loop), first_(first), how_(std::move(how)),
    own_address_(std::move(own_address)), own_(std::move(own)) {
  how_.keeper = caf::actor_cast<caf::strong_actor_ptr>(this);
}

caf::behavior gateway_links::make_behavior() {
  for (const auto& each : std::exchange(first_, {}))
    join(each, false);
  return {
    [this](const gateway_list& what) { on_list(what); },
    [this](link_given_up) { on_given_up(); },
    [this](const leave_all& what) { on_leave(what); },
    [this](call_id id, links_query) {
      auto all = std::make_shared<std::vector<caf::strong_actor_ptr>>();
      for (const auto& [address, link] : links_)
        all->push_back(caf::actor_cast<caf::strong_actor_ptr>(link));
      detail::deliver(current_sender(), nullptr, id, local_reply{std::move(all)});
    },
  };
}

void gateway_links::on_exit() {
  links_.clear();
  how_ = {};
  own_ = nullptr;
}

void gateway_links::join(const config::endpoint& where, bool was_told) {
  const auto address = config::to_string(where);
  if (leaving_ || address == own_address_ || links_.contains(address) || links_.size() >= most_links)
    return;
  auto how = how_;
  how.forget_after = was_told ? forget_after : std::chrono::minutes{0};
  auto made = detail::spawn_pinned<gateway_link>(loop(), where.host, where.port, std::move(how));
  own_(made);
  links_.emplace(address, std::move(made));
}

/// From one of the links, which have it from their gateways.
void gateway_links::on_list(const gateway_list& what) {
  for (const auto& each : what.addresses)
    if (const auto where = config::parse_endpoint(each))
      join(*where, true);
}

void gateway_links::on_given_up() {
  for (auto each = links_.begin(); each != links_.end(); ++each)
    if (caf::actor_cast<caf::strong_actor_ptr>(each->second) == current_sender()) {
      detail::end_actor(each->second);
      links_.erase(each);
      return;
    }
}

void gateway_links::on_leave(const leave_all& what) {
  leaving_ = true;
  if (links_.empty())
    return what.done();
  auto left = std::make_shared<std::size_t>(links_.size()); // of this loop, as the links are
  for (const auto& [address, link] : links_)
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(link), nullptr, leave_gateway{[left, done = what.done] {
                      if (--*left == 0)
                        done();
                    }});
}

} // namespace troupe
