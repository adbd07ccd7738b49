#pragma once

#include "actors/detail/file_descriptor.hpp"
#include "actors/task.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe {
class context;
}

/// Reading parts of files that are open. A file that ends too early throws std::runtime_error: it
/// has shrunk since its size was taken.
namespace troupe::detail {

/// Blocks as long as the file system does.
std::string read_part(const file_descriptor& from, std::uint64_t at, std::size_t size);

/// The same for a coroutine: at once what the kernel has in memory, the rest by the pool of
/// `ctx.blocking`.
task<std::string> read_part(context& ctx, std::shared_ptr<const file_descriptor> from,
                            std::uint64_t at, std::size_t size);

} // namespace troupe::detail
