#pragma once

#include "tests/support/certificates.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_directory.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

/// A PostgreSQL server of its own, for tests that take it away: a fresh cluster in a temporary
/// folder, on a free port of 127.0.0.1, without a password. Run by root it becomes the user
/// TROUPE_TEST_PG_USER (default: postgres), as servers refuse to run as root.
class postgres_cluster {
public:
  /// Returns when it takes connections. REQUIRES: postgres_programs().
  postgres_cluster();
  postgres_cluster(const postgres_cluster&) = delete;
  postgres_cluster& operator=(const postgres_cluster&) = delete;
  ~postgres_cluster();

  /// "postgres://troupe@127.0.0.1:PORT/postgres".
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Breaks all connections and ends it as a crash would; returns when nothing listens any more.
  void stop();

  /// Starts it again on the same port and data; returns when it takes connections.
  void start();

  /// Starts it again, with TLS beside plain connections.
  void use_tls(const certificate_files& with);

  /// Its sessions go on; who connects, is taken and gets no answer. Until `thaw`.
  void freeze();
  void thaw();

private:
  [[nodiscard]] command as_server_user(const std::string& program,
                                       std::vector<std::string> arguments) const;

  void give_to_server_user(const std::string& path) const;

  temp_directory folder_;
  std::vector<std::string> tls_; // arguments
  std::uint16_t port_;
  std::string url_;
  std::unique_ptr<child_process> server_;
};

} // namespace troupe::test
