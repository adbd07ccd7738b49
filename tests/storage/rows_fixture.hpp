#pragma once

#include "storage/database.hpp"
#include "tests/actors/runner.hpp"
#include "tests/storage/test_database.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace troupe::storage::test {

/// Coroutines with an empty database and a pool of one connection: one that is not given back is noticed at the next
/// statement.
class on_a_database : public ::testing::Test {
protected:
  template <class F>
  auto run(F work) {
    return bench_.run_on(runner_, std::move(work));
  }

  /// With a pool of so many; `server_options` go behind the URL.
  template <class F>
  auto run_with(unsigned connections, F work, const std::string& server_options = {}) {
    return bench_.run_on(bench_.spawn_runner(make_pool(connections, server_options)), std::move(work));
  }

  std::unique_ptr<test_database> database_ = make_test_database();
  troupe::test::loop_bench bench_;
  caf::actor runner_ = bench_.spawn_runner(make_pool(1));

private:
  caf::actor make_pool(unsigned connections, const std::string& server_options = {}) {
    auto settings = database_->settings();
    settings.url += server_options; // behind the schema's
    settings.max_connections = connections;
    settings.acquire_timeout = troupe::test::scaled(std::chrono::seconds{10});
    return bench_.own(spawn_database(bench_.loop(), settings));
  }
};

/// The ids in the table "item", as in "1 2 3".
inline task<std::string> item_ids(context& ctx) {
  std::string out;
  for (const auto& row : co_await ctx.db().query("SELECT id FROM item ORDER BY id"))
    out += (out.empty() ? "" : " ") + std::to_string(row.get<int>("id"));
  co_return out;
}

} // namespace troupe::storage::test
