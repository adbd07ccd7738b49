#include "actors/detail/file_reader.hpp"

#include "actors/context.hpp"

#include <sys/uio.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace troupe::detail {

namespace {

/// Fills `out` from its byte `done` on, where the file is at `at`. Gives how many of its bytes are
/// there then, fewer only when the flags forbid to wait for the others.
std::size_t fill(const file_descriptor& from, std::string& out, std::size_t done, std::uint64_t at,
                 int flags) {
  while (done < out.size()) {
    const iovec into{out.data() + done, out.size() - done};
    const auto got =
      ::preadv2(from.get(), &into, 1, static_cast<off_t>(at + done), flags);
    if (got > 0)
      done += static_cast<std::size_t>(got);
    else if (got == 0)
      throw std::runtime_error{"the file has become shorter while it was read"};
    else if (errno != EINTR && flags != 0)
      break; // it is not in memory, or this file system cannot tell: reading it says what is wrong
    else if (errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "a file cannot be read"};
  }
  return done;
}

} // namespace

std::string read_part(const file_descriptor& from, std::uint64_t at, std::size_t size) {
  std::string out(size, '\0');
  fill(from, out, 0, at, 0);
  return out;
}

task<std::string> read_part(context& ctx, std::shared_ptr<const file_descriptor> from,
                            std::uint64_t at, std::size_t size) {
  std::string out(size, '\0');
  const auto done = fill(*from, out, 0, at, RWF_NOWAIT);
  if (done < size) {
    auto read_rest = [from, at, done, out = std::move(out)]() mutable {
      fill(*from, out, done, at, 0);
      return std::move(out);
    };
    out = co_await ctx.blocking(std::move(read_rest));
  }
  co_return out;
}

} // namespace troupe::detail
