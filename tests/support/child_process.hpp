#pragma once

#include "tests/support/file_descriptor.hpp"
#include "tests/support/line_log.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace troupe::test {

/// What to start. The child gets this process's environment without any TROUPE_ variable, so that
/// the settings of whoever runs the tests do not reach the programs under test.
struct command {
  /// A path, or a name that is looked up in PATH.
  std::string program;
  std::vector<std::string> arguments;
  /// Added to the environment.
  std::map<std::string, std::string> environment;
  /// Where it runs; empty: here.
  std::filesystem::path directory;
};

/// How a process ended: by itself with `code`, or by `signal` when that is not 0.
struct exit_status {
  int code = 0;
  int signal = 0;

  friend bool operator==(const exit_status&, const exit_status&) = default;
};

std::ostream& operator<<(std::ostream& out, const exit_status& status);

/// A running program with its output captured. It cannot outlive its owner: destroying this kills
/// it, and the kernel kills it when the thread that started it ends.
class child_process {
public:
  explicit child_process(const command& what);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const line_log& out() const noexcept { return out_; }
  [[nodiscard]] const line_log& err() const noexcept { return err_; }

  /// Nothing happens once it has been waited for.
  /// After SIGSTOP it stands still, all threads of it, when this returns.
  void signal(int number) noexcept;

  /// How it ended; none when it still runs after `limit` (scaled).
  std::optional<exit_status> wait(milliseconds limit = soon);

  [[nodiscard]] bool running() { return !wait(0ms); }

private:
  void read_output(file_descriptor out, file_descriptor err);

  pid_t pid_ = -1;
  file_descriptor handle_;
  std::optional<exit_status> status_;
  line_log out_;
  line_log err_;
  std::thread reader_;
};

/// What a program that ends by itself has written, and how it ended.
struct finished {
  std::optional<exit_status> status; // none: had to be killed after `limit`
  std::string out;
  std::string err;
};

finished run_to_end(const command& what, milliseconds limit = 30s);

} // namespace troupe::test
