#include "tests/e2e/entries.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/problem.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>

namespace troupe::test {

namespace {

constexpr unsigned clients = 12;
constexpr entry_number per_client = 1'000'000'000;

enum class verdict : std::uint8_t { stored, not_stored, unknown };

/// As a client may read an answer that docs/sql.md describes.
verdict verdict_of(const outcome& each) {
  const auto& answer = each.response;
  switch (answer.status) {
    case 0:
      return each.failure.starts_with("connect") ? verdict::not_stored : verdict::unknown;
    case 201: return verdict::stored;
    case 409: return verdict::not_stored;
    case 503: {
      EXPECT_TRUE(is_problem(answer, 503)) << each;
      const bool known = answer.header("Retry-After").has_value();
      EXPECT_EQ(known, answer.body.find("not known") == std::string::npos) << each;
      return known ? verdict::not_stored : verdict::unknown;
    }
    case 504: {
      const bool ended = answer.body.find("the statement took too long") != std::string::npos;
      return ended ? verdict::not_stored : verdict::unknown;
    }
    default: ADD_FAILURE() << each; return verdict::unknown;
  }
}

entry_number number_of(const outcome& each) {
  const auto& target = each.request.target;
  return std::stoll(target.substr(target.find('/', 1) + 1));
}

entry_numbers both(const entry_numbers& a, const entry_numbers& b) {
  entry_numbers out;
  std::ranges::set_intersection(a, b, std::inserter(out, out.end()));
  return out;
}

entry_numbers without(const entry_numbers& a, const entry_numbers& b) {
  entry_numbers out;
  std::ranges::set_difference(a, b, std::inserter(out, out.end()));
  return out;
}

entry_ledger ledger_of(const std::vector<outcome>& outcomes) {
  entry_ledger out;
  for (const auto& each : outcomes)
    switch (verdict_of(each)) {
      case verdict::stored: out.stored.insert(number_of(each)); break;
      case verdict::not_stored: out.not_stored.insert(number_of(each)); break;
      case verdict::unknown: out.unknown.insert(number_of(each)); break;
    }
  return out;
}

} // namespace

node_options entries_node(const std::string& url, const std::vector<std::string>& flags) {
  std::vector<std::string> all{"--storage", url, "--storage-acquire-timeout",
                               std::to_string(scaled(300ms).count()) + "ms",
                               "--http-handler-timeout", "10m"};
  all.insert(all.end(), flags.begin(), flags.end());
  return {"entries-node", all, {}};
}

bool some_were_told(std::string_view what, const std::vector<outcome>& outcomes) {
  return std::ranges::any_of(outcomes, [what](const outcome& each) {
    return each.response.body.find(what) != std::string::npos;
  });
}

entry_ledger expect_ledger(const std::string& fault, const std::vector<outcome>& outcomes,
                           const std::map<entry_number, int>& there) {
  const auto told = ledger_of(outcomes);
  entry_numbers found;
  for (const auto& [n, count] : there) {
    EXPECT_EQ(count, 1) << n << " is there more than once";
    found.insert(n);
  }
  EXPECT_EQ(without(told.stored, found), entry_numbers{}) << "acknowledged, and missing";
  EXPECT_EQ(both(told.not_stored, found), entry_numbers{}) << "refused, and there";
  const auto count = [&](const char* what, const entry_numbers& of) {
    figure(fault + "_" + what, static_cast<long long>(of.size()));
  };
  count("acknowledged", told.stored);
  count("refused", told.not_stored);
  count("unknown", told.unknown);
  count("unknown_and_there", both(told.unknown, found));
  return told;
}

http_request post_entry(const std::string& path, entry_number n, const std::string& query) {
  return {"POST", path + std::to_string(n) + query, std::string{}, {}};
}

std::string between_accounts(entry_number payer, entry_number payee) {
  return "?payer=" + std::to_string(payer) + "&payee=" + std::to_string(payee);
}

http_request post_transfer(entry_number n, const std::string& path) {
  const auto further = 1 + n / ledger_accounts % (ledger_accounts - 1);
  return post_entry(path, n, between_accounts(1 + n % ledger_accounts, 1 + (n + further) % ledger_accounts));
}

http_request post_mixed(unsigned client, entry_number n) {
  return client % 3 == 2 ? post_transfer(n) : post_entry("/entries/", n);
}

entry_load::entry_load(std::uint16_t port, const source& next)
    : port_(port),
      clients_(
          port, clients,
          [next](unsigned client, std::uint64_t i) {
            return next(client, entry_number{client} * per_client + static_cast<entry_number>(i));
          },
          ledger_patience) {}

bool entry_load::answers(std::size_t count) const {
  return clients_.wait_for_answers(count, ledger_patience);
}

bool entry_load::entry_is_stored() {
  return eventually([this] { return probe().response.status == 201; }, ledger_patience);
}

bool entry_load::entry_is_refused() {
  return eventually([this] { return probe().response.status == 503; }, ledger_patience);
}

std::vector<outcome> entry_load::stop() {
  auto out = clients_.stop();
  out.insert(out.end(), probes_.begin(), probes_.end());
  return out;
}

const outcome& entry_load::probe() {
  outcome made;
  made.request = post_entry("/entries/", clients * per_client + static_cast<entry_number>(probes_.size()));
  try {
    made.response = http_client{port_, ledger_patience}.send(made.request);
  } catch (const connection_error& problem) {
    made.failure = problem.what();
  }
  return probes_.emplace_back(std::move(made));
}

void kill_under_load(const std::function<std::unique_ptr<gateway>(const gateway_ports&)>& start,
                     std::vector<outcome>& told) {
  auto node = start({});
  const auto ports = node->ports();
  entry_load entries{ports.http};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(entries.answers(1000));
    node->kill();
    ASSERT_TRUE(node->wait());
    node = start(ports);
    ASSERT_TRUE(entries.entry_is_stored());
  }
  told = entries.stop();
}

} // namespace troupe::test
