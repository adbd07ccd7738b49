#pragma once

#include "tests/support/load_generator.hpp"
#include "tests/support/node.hpp"
#include "tests/support/node_list.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::test {

/// A gateway and worker nodes that all run the ledger service, and the file they share: one line
/// for each POST that ran, whichever node ran it.
class ledger_cluster {
public:
  /// The workers are named "w0", "w1", ...; returns when all of them serve.
  explicit ledger_cluster(int workers);

  [[nodiscard]] gateway& front() { return *front_; }
  [[nodiscard]] worker& at(std::size_t i) { return *workers_.at(i); }
  [[nodiscard]] std::vector<std::string> names() const;

  /// Starts the gateway again on the same ports, after its process has ended.
  void restart_gateway();

  /// Sixteen clients: half of them GET, half POST a key that no other request has.
  [[nodiscard]] std::unique_ptr<load_generator> start_load() const;

  /// The keys that were written down, in order; a key that stands there twice ran twice.
  [[nodiscard]] std::vector<std::string> ledger() const;

  /// The process ids of all nodes.
  [[nodiscard]] std::set<pid_t> pids() const;

private:
  [[nodiscard]] node_options options() const;

  temp_directory folder_;
  std::unique_ptr<gateway> front_;
  std::vector<std::unique_ptr<worker>> workers_;
};

/// The key that a POST of the load writes down.
std::string key_of(const outcome& post);

/// Expects what must hold whatever happens to nodes: no key ran twice, and every POST that was
/// answered with 200 ran.
void expect_exactly_once(const std::vector<outcome>& outcomes,
                         const std::vector<std::string>& ledger);

} // namespace troupe::test
