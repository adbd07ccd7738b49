#pragma once

#include "actors/detail/cell_ref.hpp"
#include "actors/messages/frame_allocator.hpp"
#include "actors/detail/parcel.hpp"
#include "actors/detail/suspended.hpp"
#include "actors/messages/sql.hpp"
#include "actors/task.hpp"

#include <atomic>
#include <memory>

namespace troupe {
class context;
}

namespace troupe::detail {

class letter;

/// A coroutine that waits for the answer to a letter. Its loop's thread only.
class asker : public suspended {
public:
  /// The answer is there.
  bool answered = false;

protected:
  asker() noexcept = default;
  ~asker() = default;

private:
  friend class letter;
  bool in_await_suspend_ = false;
};

/// A message to a stateful actor, and on its way back its answer.
///
/// One owner at a time: the asker until it is sent, then the actor's loop, then the asker again, or,
/// when nobody waits, itself. Both sides of one loop touch it at will; across loops it travels.
class letter : public parcel {
public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }
  virtual ~letter() = default;

  /// Sends it; whether the answer is there already, as it is when the actor shares the loop, is idle
  /// and does not wait. `by` null: nobody waits. Called from a coroutine.
  bool send(asker* by);

  /// For who brings it to its actor by himself: notes who waits.
  void set_out(asker* by) noexcept;
  /// Not sent after all: `by` finds the failure; without one the letter frees itself.
  void fail_unsent(asker* by, failure why);

  /// The asker does not wait any more: it frees itself, and is not handled if it still waits for that.
  void forget_asker() noexcept;

  /// Brings the answer, or `failed`, to who waits. REQUIRES: on the actor's loop, at its end.
  void answer();
  void answer(const failure& why) {
    failed = std::make_unique<failure>(why);
    answer();
  }

  /// Handles the message: sets `done` when it has ended at once.
  virtual void begin(void* state, context& ctx) noexcept = 0;
  /// Destroys the coroutine that handles it.
  virtual void destroy_work() noexcept = 0;

  void arrive() override;
  void discard() noexcept override { delete this; }

  cell_ref to;
  std::unique_ptr<failure> failed; // null: it went well
  /// Set when what failed was no `error`: the actor has crashed.
  bool crashed = false;
  /// Set when it has failed because its key is another node's.
  bool moved = false;
  bool done = false;

protected:
  letter() noexcept = default;
  /// Sets `failed` and `crashed` by the exception being handled.
  void take_failure() noexcept;
  /// The coroutine that handles it has ended, and its result was taken.
  void work_ended() noexcept;

private:
  friend class state_cell;

  asker* asker_ = nullptr;
  event_loop* home_ = nullptr; // of the asker; null: nobody waits
  letter* next_ = nullptr;     // in the mailbox or among the running ones
  letter* previous_ = nullptr;
  // The asker's loop may say so at any time; the actor's asks before it handles the message.
  std::atomic<bool> given_up_{false};
  bool near_ = false; // asker and actor share a loop
  bool in_mailbox_ = false;
  bool returning_ = false;
  bool beginning_ = false;
};

} // namespace troupe::detail
