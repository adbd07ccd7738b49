#pragma once

#include <cstddef>

namespace troupe::detail {

/// Memory for coroutine frames from per-thread free lists, as frames come and go with each request.
/// Freeing on another thread is allowed: the block joins that thread's list.
void* allocate_frame(std::size_t size);
void free_frame(void* block, std::size_t size) noexcept;

} // namespace troupe::detail
