#include "actors/detail/key_loader.hpp"

#include "actors/detail/courier.hpp"
#include "actors/detail/host.hpp"
#include "actors/detail/key_group.hpp"
#include "actors/messages/sql_key.hpp"

#include <algorithm>
#include <span>

namespace troupe::detail {

key_read::~key_read() {
  unlink();
  if (in_ != nullptr)
    in_->on_leave();
}

void key_read::await_suspend(std::coroutine_handle<> waiting) {
  park(waiting);
  owner_.courier().loader().join(*this);
}

result_part key_read::await_resume() {
  if (const auto* failed = std::get_if<failure>(&value_))
    throw error{failed->code, failed->detail};
  return std::get<result_part>(std::move(value_));
}

void key_read::done(const outcome& value) {
  value_ = value;
  owner_.loop().resume_soon(*this);
}

key_loader::key_loader(event_loop& loop) noexcept : loop_(loop) {}

key_loader::~key_loader() {
  loop_.undefer(*this);
}

void key_loader::join(key_read& who) {
  const auto& what = who.what();
  name_.assign(what.sql);
  name_.append(1, '\0').append(who.database().name);
  name_.append(1, '\0').append(what.key_column);
  name_.append(1, static_cast<char>('0' + who.key().index()));
  if (what.parameters.size() > 1)
    append_key(name_, std::span{what.parameters}.subspan(1));
  auto found = groups_.find(name_);
  if (found == groups_.end())
    found = groups_.emplace(name_, std::make_unique<key_group>(*this, name_, who)).first;
  found->second->join(who);
}

void key_loader::ask(key_group& which) {
  if (std::find(asked_.begin(), asked_.end(), &which) == asked_.end())
    asked_.push_back(&which);
  loop_.defer(*this);
}

void key_loader::run_deferred() {
  for (auto* each : std::exchange(asked_, {})) {
    each->send_gathered();
    if (!each->is_used())
      groups_.erase(groups_.find(each->name()));
  }
}

} // namespace troupe::detail
