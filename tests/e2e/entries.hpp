#pragma once

#include "tests/support/http_client.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::test {

/// The entries that clients add to a database through entries-node, and what they were told of each. No entry has the
/// number of another one.
using entry_number = std::int64_t;
using entry_numbers = std::set<entry_number>;

/// For what takes a while on a busy machine, as a server's recovery does.
inline constexpr milliseconds ledger_patience = 60s;

inline constexpr int ledger_accounts = 8;

struct entry_ledger {
  entry_numbers stored;
  entry_numbers not_stored;
  entry_numbers unknown;
};

bool some_were_told(std::string_view what, const std::vector<outcome>& outcomes);

/// What gives the numbers of entries, and how often each is there.
inline constexpr const char* entries_there = "SELECT n, count(*) FROM entry GROUP BY n";

/// What gives the accounts whose sum is not what the transfers that are there have made of it.
inline constexpr const char* wrong_accounts =
    "SELECT id, sum FROM account WHERE sum <> 1000"
    " + (SELECT count(*) FROM entry WHERE payee = id)"
    " - (SELECT count(*) FROM entry WHERE payer = id)";

/// A node that adds entries to that database; the later of two equal flags wins.
node_options entries_node(const std::string& url, const std::vector<std::string>& flags = {});

/// Compares what clients were told with how often each entry is `there`: what was acknowledged once, what was refused not
/// at all, nothing twice. Writes the figures of `fault`.
entry_ledger expect_ledger(const std::string& fault, const std::vector<outcome>& outcomes,
                           const std::map<entry_number, int>& there);

/// Adds that entry.
http_request post_entry(const std::string& path, entry_number n, const std::string& query = {});

/// The query of a transfer.
std::string between_accounts(entry_number payer, entry_number payee);

/// Between two of all accounts.
http_request post_transfer(entry_number n, const std::string& path = "/transfers/");

/// Two of three clients add single entries, the third makes transfers.
http_request post_mixed(unsigned client, entry_number n);

/// Clients that keep adding entries, and one more that looks whether that works.
class entry_load {
public:
  /// The request of a client for an entry that no other request has.
  using source = std::function<http_request(unsigned client, entry_number n)>;

  explicit entry_load(std::uint16_t port, const source& next = post_mixed);

  /// Waits for so many more answers, whatever they are.
  [[nodiscard]] bool answers(std::size_t count) const;

  /// Waits until an entry is acknowledged.
  [[nodiscard]] bool entry_is_stored();

  /// Waits until an entry is refused.
  [[nodiscard]] bool entry_is_refused();

  std::vector<outcome> stop();

private:
  const outcome& probe();

  std::uint16_t port_;
  load_generator clients_;
  std::vector<outcome> probes_;
};

/// Kills the node three times under load, and starts it again at its addresses. `told`: what clients were. Reports a fatal
/// test failure when entries are not stored again.
void kill_under_load(const std::function<std::unique_ptr<gateway>(const gateway_ports&)>& start,
                     std::vector<outcome>& told);

} // namespace troupe::test
