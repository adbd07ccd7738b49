#pragma once

#include "actors/detail/door_ref.hpp"
#include "actors/messages/frame_allocator.hpp"
#include "actors/detail/parcel.hpp"
#include "actors/detail/suspended.hpp"

#include <utility>

namespace troupe::detail {

/// Runs `f` on the loop of `to`: at once when that is this thread's. Any thread. When the loop has ended,
/// `f` is destroyed without being called.
template <class F>
void run_on_loop(loop_door& to, F f) {
  struct carried final : parcel {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }
    explicit carried(F&& what) : call(std::move(what)) {}
    void arrive() override {
      call();
      delete this;
    }
    void discard() noexcept override { delete this; }
    F call;
  };
  if (&to == current_door())
    f();
  else
    send_to_door(to, *new carried{std::move(f)});
}

} // namespace troupe::detail
