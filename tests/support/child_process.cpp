#include "tests/support/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <ostream>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace troupe::test {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::pair<file_descriptor, file_descriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    fail("pipe2");
  return {file_descriptor{ends[0]}, file_descriptor{ends[1]}};
}

std::vector<std::string> environment_of(const command& what) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::strncmp(*entry, "TROUPE_", 7) != 0)
      all.emplace_back(*entry);
  for (const auto& [name, value] : what.environment)
    all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts)
    all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// After fork in a process with threads: only calls that are safe in a signal handler.
[[noreturn]] void become(const char* directory, char** arguments, char** environment, int out,
                         int err, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(127);
  if (*directory != '\0' && ::chdir(directory) != 0)
    ::_exit(127);
  int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execvpe(arguments[0], arguments, environment);
  constexpr char message[] = "cannot start the program\n";
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, message, sizeof message - 1);
  ::_exit(127);
}

/// Splits a stream of bytes into lines.
struct splitter {
  file_descriptor from;
  line_log& to;
  std::string rest;

  /// False at the end of the stream.
  bool read_some() {
    std::array<char, 16384> buffer{};
    auto size = ::read(from.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR)
      return true;
    if (size <= 0) {
      if (!rest.empty())
        to.append(std::move(rest));
      to.close();
      from.reset();
      return false;
    }
    rest.append(buffer.data(), static_cast<std::size_t>(size));
    std::size_t start = 0;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', start)) {
      to.append(rest.substr(start, end - start));
      start = end + 1;
    }
    rest.erase(0, start);
    return true;
  }
};

} // namespace

std::ostream& operator<<(std::ostream& out, const exit_status& status) {
  if (status.signal != 0)
    return out << "killed by signal " << status.signal;
  return out << "exit code " << status.code;
}

child_process::child_process(const command& what) {
  auto [out_read, out_write] = make_pipe();
  auto [err_read, err_write] = make_pipe();
  std::vector<std::string> argument_texts{what.program};
  argument_texts.insert(argument_texts.end(), what.arguments.begin(), what.arguments.end());
  auto environment_texts = environment_of(what);
  auto arguments = pointers_to(argument_texts);
  auto environment = pointers_to(environment_texts);
  auto directory = what.directory.string();
  pid_t parent = ::getpid();

  pid_ = ::fork();
  if (pid_ < 0)
    fail("fork");
  if (pid_ == 0)
    become(directory.c_str(), arguments.data(), environment.data(), out_write.get(),
           err_write.get(), parent);

  // Not by glibc's pidfd_open: the header of glibc 2.36 declares it for C only.
  handle_ = file_descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  if (!handle_)
    fail("pidfd_open");
  reader_ = std::thread{[this, out = std::move(out_read), err = std::move(err_read)]() mutable {
    read_output(std::move(out), std::move(err));
  }};
}

child_process::~child_process() {
  signal(SIGKILL);
  if (!status_) {
    int ignored = 0;
    ::waitpid(pid_, &ignored, 0);
  }
  reader_.join();
}

void child_process::signal(int number) noexcept {
  if (status_)
    return;
  ::kill(pid_, number);
  siginfo_t how{};
  while (number == SIGSTOP && ::waitid(P_PID, static_cast<id_t>(pid_), &how, WSTOPPED | WEXITED | WNOWAIT) < 0
         && errno == EINTR) {
  }
}

std::optional<exit_status> child_process::wait(milliseconds limit) {
  if (status_)
    return status_;
  const deadline end{limit};
  pollfd ended{handle_.get(), POLLIN, 0};
  while (::poll(&ended, 1, end.poll_timeout()) < 0 && errno == EINTR) {
  }
  int how = 0;
  if (::waitpid(pid_, &how, WNOHANG) != pid_)
    return std::nullopt;
  status_ = WIFSIGNALED(how) ? exit_status{0, WTERMSIG(how)} : exit_status{WEXITSTATUS(how), 0};
  return status_;
}

void child_process::read_output(file_descriptor out, file_descriptor err) {
  std::array<splitter, 2> streams{splitter{std::move(out), out_, {}},
                                  splitter{std::move(err), err_, {}}};
  while (streams[0].from || streams[1].from) {
    std::array<pollfd, 2> ready{pollfd{streams[0].from.get(), POLLIN, 0},
                                pollfd{streams[1].from.get(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0)
      continue;
    for (std::size_t i = 0; i < ready.size(); ++i)
      if (ready[i].revents != 0)
        streams[i].read_some();
  }
}

finished run_to_end(const command& what, milliseconds limit) {
  child_process process{what};
  finished result;
  result.status = process.wait(limit);
  process.signal(SIGKILL);
  process.out().wait_until_closed();
  process.err().wait_until_closed();
  result.out = process.out().text();
  result.err = process.err().text();
  return result;
}

} // namespace troupe::test
