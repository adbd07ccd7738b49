#include "tests/storage/pool_client.hpp"

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

pool_client::pool_client(const config::storage_settings& settings)
  : system_(config_), loop_(system_, 0), self_(system_) {
  loop_.start();
  database_ = spawn_database(loop_, settings);
}

pool_client::~pool_client() {
  stop();
  loop_.stop();
  loop_.join();
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
                 caf::after(troupe::test::scaled(troupe::test::soon)) >>
                   [] { ADD_FAILURE() << "no answer came"; });
  return out;
}

void pool_client::acquire_and_die() {
  caf::scoped_actor other{system_};
  other->send(database_, call_id{1}, sql_acquire{});
  other->receive([](call_id, sql_lease&) {},
                 caf::after(troupe::test::scaled(troupe::test::soon)) >>
                   [] { ADD_FAILURE() << "no lease came"; });
}

void pool_client::begin_stop() {
  caf::anon_send_exit(database_, caf::exit_reason::user_shutdown);
}

void pool_client::stop() {
  begin_stop();
  self_->wait_for(database_);
}

} // namespace troupe::storage::test
