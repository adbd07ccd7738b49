#include "actors/detail/safe_open.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace troupe::detail {

namespace {

using outcome = opened_file::outcome;

// Without O_NONBLOCK, opening a fifo would wait for its writer.
constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr int step_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Takes the component before the next slash off the front; the last one leaves `rest` without
/// data.
std::string_view take_component(std::string_view& rest) {
  const auto slash = rest.find('/');
  const auto out = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  return out;
}

bool may_be_opened(std::string_view component, const open_options& options) {
  return !component.empty() && component != "." && component != ".."
         && (options.hidden || component.front() != '.');
}

bool may_be_opened_at_all(std::string_view path, const open_options& options) {
  if (path.find('\0') != std::string_view::npos)
    return false;
  while (path.data() != nullptr)
    if (!may_be_opened(take_component(path), options))
      return false;
  return true;
}

/// A descriptor, or the errno.
struct attempt {
  file_descriptor file;
  int error = 0;

  explicit attempt(int handle) : file(handle), error(handle < 0 ? errno : 0) {}
};

attempt open_by_kernel(int directory, const std::string& path) {
  constexpr int tries = 16;
  open_how how{};
  how.flags = read_flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed while a link's ".." was looked at.
  for (int i = 1;; ++i) {
    attempt out{
      static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how))};
    if (out.error != EINTR && (out.error != EAGAIN || i == tries))
      return out;
  }
}

attempt open_one(int directory, std::string_view component, int flags) {
  const std::string name{component};
  while (true)
    if (attempt out{::openat(directory, name.c_str(), flags)}; out.error != EINTR)
      return out;
}

attempt open_by_walking(int directory, std::string_view path) {
  file_descriptor reached;
  while (true) {
    const auto component = take_component(path);
    const auto from = reached ? reached.get() : directory;
    if (path.data() == nullptr)
      return open_one(from, component, read_flags | O_NOFOLLOW);
    auto step = open_one(from, component, step_flags);
    if (!step.file)
      return step;
    reached = std::move(step.file);
  }
}

attempt open_somehow(int directory, const std::string& path, const open_options& options) {
  if (options.walk)
    return open_by_walking(directory, path);
  auto out = open_by_kernel(directory, path);
  // An older kernel, or a filter that does not know the call.
  if (out.error == ENOSYS || out.error == EPERM)
    return open_by_walking(directory, path);
  return out;
}

/// Whether the error says that there is no such file, or none that may be reached.
bool says_not_found(int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR: // a file within the path, or a link when walking
  case ELOOP:   // a link where none may be, or too many
  case EXDEV:   // led out
  case ENAMETOOLONG:
  case ENXIO: // a socket
  case ENODEV:
    return true;
  default:
    return false;
  }
}

opened_file with_result(outcome result, int error = 0) {
  opened_file out;
  out.result = result;
  out.error = error;
  return out;
}

/// What an attempt to open something has opened.
opened_file examine(attempt&& opened) {
  if (!opened.file)
    return says_not_found(opened.error) ? with_result(outcome::not_found)
                                        : with_result(outcome::failed, opened.error);
  struct stat about {};
  if (::fstat(opened.file.get(), &about) != 0)
    return with_result(outcome::failed, errno);
  if (S_ISDIR(about.st_mode))
    return with_result(outcome::directory);
  if (!S_ISREG(about.st_mode))
    return with_result(outcome::not_found);
  auto out = with_result(outcome::ok);
  out.file = std::move(opened.file);
  out.size = static_cast<std::uint64_t>(about.st_size);
  out.modified = about.st_mtim.tv_sec;
  out.modified_nanoseconds = static_cast<std::uint32_t>(about.st_mtim.tv_nsec);
  out.inode = about.st_ino;
  return out;
}

void append_hex(std::string& out, std::uint64_t number) {
  std::array<char, 16> digits{};
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr);
}

} // namespace

opened_file open_beneath(int directory, std::string_view path, const open_options& options) {
  if (path.empty())
    return with_result(outcome::directory);
  if (!may_be_opened_at_all(path, options))
    return with_result(outcome::not_found);
  return examine(open_somehow(directory, std::string{path}, options));
}

opened_file open_named(const std::filesystem::path& path) {
  return examine(open_one(AT_FDCWD, path.native(), read_flags));
}

std::string entity_tag_of(const opened_file& what) {
  std::string out{'"'};
  append_hex(out, what.inode);
  out += '-';
  append_hex(out, what.size);
  out += '-';
  append_hex(out,
             static_cast<std::uint64_t>(what.modified) * 1'000'000'000 + what.modified_nanoseconds);
  return out + '"';
}

} // namespace troupe::detail
