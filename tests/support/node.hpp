#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/temp_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// The path of a program of this build: bin/NAME or bin/tests/NAME.
std::filesystem::path program_path(const std::string& name);

struct node_options {
  std::string program = "troupe-demo";
  /// Appended to the command line.
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
};

/// The demo node with these flags.
inline node_options with_flags(std::vector<std::string> arguments) {
  return {"troupe-demo", std::move(arguments), {}};
}

/// A node process in a folder of its own, with its JSON log.
///
/// A node that still runs at the end is told to stop, and a test fails when the node does not exit
/// with 0 or when a sanitizer has reported anything.
class node {
public:
  virtual ~node();

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] bool running() { return process_.running(); }
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return home_.path(); }

  /// What has been logged so far; lines that are no JSON are left out.
  [[nodiscard]] std::vector<nlohmann::json> log() const;

  /// All that stands on stderr, for messages of failed expectations and searches.
  [[nodiscard]] std::string log_text() const { return process_.err().text(); }
  [[nodiscard]] std::size_t log_size() const { return process_.err().size(); }
  [[nodiscard]] const line_log& process_log() const noexcept { return process_.err(); }

  /// The first log entry from line `from` on whose message matches the regular expression as a
  /// whole; waits for it until `limit` (scaled) has passed.
  std::optional<nlohmann::json> wait_for_message(const std::string& expression,
                                                 milliseconds limit = soon,
                                                 std::size_t from = 0) const;

  /// The first log entry, from line `from` on, with this request id and message.
  std::optional<nlohmann::json> wait_for_request(const std::string& request_id,
                                                 const std::string& message,
                                                 milliseconds limit = soon) const;

  void signal(int number) noexcept { process_.signal(number); }
  std::optional<exit_status> wait(milliseconds limit = soon) { return process_.wait(limit); }

  /// kill -9. Returns without waiting, so that what follows happens right after it.
  void kill();

  /// SIGTERM, then waits. None when it still runs after `limit`.
  std::optional<exit_status> stop(milliseconds limit = 30s);

protected:
  node(const node_options& options, std::vector<std::string> arguments);

  /// Waits for a message; throws with the whole log when it does not come.
  nlohmann::json expect_message(const std::string& expression) const;

private:
  temp_directory home_;
  child_process process_;
  bool killed_ = false;
};

/// Where a gateway listens; 0 lets the system choose.
struct gateway_ports {
  std::uint16_t http = 0;
  std::uint16_t cluster = 0;
  std::uint16_t admin = 0;
};

/// A gateway node that is ready.
class gateway : public node {
public:
  explicit gateway(const node_options& options = {}, const gateway_ports& ports = {});

  [[nodiscard]] const gateway_ports& ports() const noexcept { return ports_; }
  [[nodiscard]] std::uint16_t http_port() const noexcept { return ports_.http; }
  [[nodiscard]] std::uint16_t admin_port() const noexcept { return ports_.admin; }

  /// "127.0.0.1:PORT", as --join takes it.
  [[nodiscard]] std::string cluster_address() const;

private:
  gateway_ports ports_;
};

/// A worker node. The constructor does not wait: see joined().
class worker : public node {
public:
  worker(const std::string& gateway_address, const std::string& name,
         const node_options& options = {});
  worker(const gateway& to, const std::string& name, const node_options& options = {})
      : worker(to.cluster_address(), name, options) {}

  /// Waits until it has joined, as its own log says from line `from` on. The gateway's list tells
  /// of it a moment earlier.
  bool joined(milliseconds limit = soon, std::size_t from = 0) const;

  /// Waits until it has noticed that this gateway is gone.
  bool lost(const gateway& which, std::size_t from = 0) const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
  std::string name_;
};

} // namespace troupe::test
