#pragma once

#include "actors/detail/frame_allocator.hpp"
#include "actors/detail/parcel.hpp"
#include "actors/detail/suspended.hpp"

#include <utility>

namespace troupe::detail {

/// event_loop::send, for headers that need nothing else of it.
void send_to_loop(event_loop& to, parcel& what);

/// Runs `f` on `to`: at once when that is this thread's loop. Any thread. When the loop has ended, `f`
/// is destroyed without being called.
template <class F>
void run_on_loop(event_loop& to, F f) {
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
  if (&to == current_event_loop())
    f();
  else
    send_to_loop(to, *new carried{std::move(f)});
}

} // namespace troupe::detail
