#pragma once

#include <cstddef>

namespace troupe::detail {

/// Memory for coroutine frames from per-thread free lists, as frames come and go with each request.
/// Freeing on another thread is allowed: the block joins that thread's list.
void* allocate_frame(std::size_t size);
void free_frame(void* block, std::size_t size) noexcept;

/// The same for the standard library.
template <class T>
struct frame_memory {
  using value_type = T;
  frame_memory() noexcept = default;
  template <class U>
  frame_memory(const frame_memory<U>&) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_frame(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept { free_frame(block, count * sizeof(T)); }
  friend bool operator==(frame_memory, frame_memory) noexcept { return true; }
};

} // namespace troupe::detail
