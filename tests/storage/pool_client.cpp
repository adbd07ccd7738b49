#include "tests/storage/pool_client.hpp"

#include "actors/messages/local.hpp"
#include "tests/support/deadline.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

namespace troupe::storage::test {

template <class T>
T reply::as() const {
  if (const auto* wanted = std::get_if<T>(&value))
    return *wanted;
  const auto* failed = std::get_if<failure>(&value);
  ADD_FAILURE() << "another answer than expected: "
                << (failed != nullptr ? failed->detail : std::to_string(value.index()));
  return {};
}

template sql_result reply::as() const;
template failure reply::as() const;
template sql_lease reply::as() const;
template pool_statistics reply::as() const;
template std::shared_ptr<database_figures> reply::as() const;

pool_client::pool_client(const config::storage_settings& settings, unsigned loops) : system_(config_), self_(system_) {
  std::vector<troupe::detail::event_loop*> all;
  for (unsigned i = 0; i < loops; ++i) {
    all.push_back(loops_.emplace_back(std::make_unique<troupe::detail::event_loop>(system_, i)).get());
    all.back()->start();
  }
  databases_ = spawn_databases(all, settings);
}

pool_client::~pool_client() {
  stop();
  troupe::detail::event_loop::end_all(loops_);
}

reply pool_client::next() {
  reply out;
  auto take = [&out](call_id call, auto& value) {
    out.call = call.value;
    out.value = std::move(value);
  };
  self_->receive([&](call_id call, sql_result& x) { take(call, x); },
                 [&](call_id call, failure& x) { take(call, x); },
                 [&](call_id call, sql_lease& x) { take(call, x); },
                 [&](call_id call, pool_statistics& x) { take(call, x); },
                 [&](call_id call, local_reply& x) {
                   out.call = call.value;
                   out.value = std::static_pointer_cast<database_figures>(x.value);
                 },
                 caf::after(troupe::test::scaled(troupe::test::soon)) >>
                   [] { ADD_FAILURE() << "no answer came"; });
  return out;
}

void pool_client::acquire_and_die() {
  caf::scoped_actor other{system_};
  other->send(database(), call_id{1}, sql_acquire{});
  other->receive([](call_id, sql_lease&) {},
                 caf::after(troupe::test::scaled(troupe::test::soon)) >>
                   [] { ADD_FAILURE() << "no lease came"; });
}

void pool_client::begin_stop() {
  for (const auto& each : databases_)
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
}

void pool_client::stop() {
  begin_stop();
  for (const auto& each : databases_)
    self_->wait_for(each);
}

} // namespace troupe::storage::test
