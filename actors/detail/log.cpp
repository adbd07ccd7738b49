#include "actors/detail/log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace troupe::detail {

std::string with_fields(std::string_view message,
                        std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  std::string out{message};
  for (const auto& [key, value] : fields)
    out.append(1, field_separator).append(key).append(1, '=').append(value);
  return out;
}

namespace {

/// PIPE_BUF: at most that many bytes go into a pipe all at once or not at all.
constexpr std::size_t piece_size = 4096;

/// A pipe or terminal, opened again: O_NONBLOCK on the target itself would hold for other processes,
/// too. Not a file: what others write to it would then be written over.
int open_again(int target) noexcept {
  struct stat what {};
  const bool may_wait = ::fstat(target, &what) == 0
                        && (S_ISFIFO(what.st_mode) || ::isatty(target) != 0);
  return may_wait ? ::open(("/proc/self/fd/" + std::to_string(target)).c_str(),
                           O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
                  : -1;
}

} // namespace

log_output::log_output(int target) noexcept : target_(target), own_(open_again(target)) {}

log_output::~log_output() {
  if (own_ >= 0)
    ::close(own_);
}

ssize_t log_output::write_piece(std::string_view piece) const noexcept {
  if (own_ >= 0)
    return ::write(own_, piece.data(), piece.size());
  auto sent = ::send(target_, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0 || errno != ENOTSOCK)
    return sent;
  pollfd there{target_, POLLOUT, 0};
  return ::poll(&there, 1, 0) == 1 ? ::write(target_, piece.data(), piece.size()) : -1;
}

bool log_output::write(std::string_view lines) const noexcept {
  while (!lines.empty()) {
    const auto written = write_piece(lines.substr(0, piece_size));
    if (written > 0)
      lines.remove_prefix(static_cast<std::size_t>(written));
    else if (written == 0 || errno != EINTR)
      return false;
  }
  return true;
}

const log_output& standard_log() noexcept {
  static const log_output log{STDERR_FILENO};
  return log;
}

} // namespace troupe::detail
