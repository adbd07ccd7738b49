#pragma once

#include "actors/context.hpp"
#include "actors/detail/state_cell.hpp"
#include "actors/detail/timer.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::detail {

/// What most actors never need.
struct state_cell::rarely_used final : completion {
  explicit rarely_used(state_cell& c) : cell(c) {}

  std::coroutine_handle<> completed() noexcept override { // of `keeping`
    kept = true;
    cell.reschedule();
    return std::noop_coroutine();
  }

  state_cell& cell;
  restart_record failures;
  timer pause;
  std::uint32_t given_up_swept = 0; // the mailbox's length after the last look for such letters
  std::vector<std::weak_ptr<end_watcher>> watchers; // gone: given up
  std::size_t watchers_swept = 8;
  std::vector<cell_ref> links;
  std::uint64_t incident = 0; // the last failure of a linked actor that it has shared
  std::unique_ptr<state_keeper> keeper;
  task<void> keeping; // loads or saves
  letter* saved_for = nullptr;
  bool kept = false;
  bool retiring = false;
  bool overflow_logged = false;
};

} // namespace troupe::detail
