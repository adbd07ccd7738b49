#include "actors/detail/idempotency_table.hpp"

#include "actors/detail/chance.hpp"

#include <random>
#include <string_view>

namespace troupe::detail {

namespace {

using std::chrono::milliseconds;

constexpr const char* create_table =
  "CREATE TABLE IF NOT EXISTS troupe_idempotency (service TEXT NOT NULL, route TEXT NOT NULL, owner TEXT NOT NULL, "
  "key TEXT NOT NULL, fingerprint TEXT NOT NULL, token BIGINT NOT NULL, request BIGINT NOT NULL, "
  "leased_until BIGINT NOT NULL, kept_until BIGINT NOT NULL, status BIGINT, headers BYTEA, body BYTEA, "
  "PRIMARY KEY (service, route, owner, key))";
constexpr const char* create_index =
  "CREATE INDEX IF NOT EXISTS troupe_idempotency_kept_until ON troupe_idempotency (kept_until)";
constexpr const char* make_claim =
  "INSERT INTO troupe_idempotency AS t (service, route, owner, key, fingerprint, token, request, leased_until, "
  "kept_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (service, route, owner, key) DO UPDATE SET "
  "fingerprint = excluded.fingerprint, token = excluded.token, request = excluded.request, "
  "leased_until = excluded.leased_until, kept_until = excluded.kept_until, status = NULL, headers = NULL, body = NULL "
  "WHERE t.kept_until <= $10 OR (t.status IS NULL AND t.fingerprint = excluded.fingerprint "
  "AND (t.leased_until <= $10 OR t.request = excluded.request)) RETURNING token";
constexpr const char* look_up =
  "SELECT fingerprint, status, headers, body FROM troupe_idempotency "
  "WHERE service = $1 AND route = $2 AND owner = $3 AND key = $4";
constexpr const char* record =
  "UPDATE troupe_idempotency SET status = $6, headers = $7, body = $8, kept_until = $9 "
  "WHERE service = $1 AND route = $2 AND owner = $3 AND key = $4 AND token = $5 AND status IS NULL";
constexpr const char* remove_claim =
  "DELETE FROM troupe_idempotency "
  "WHERE service = $1 AND route = $2 AND owner = $3 AND key = $4 AND token = $5 AND status IS NULL";
/// The time is looked at twice: a row may have been claimed anew since it was picked.
constexpr const char* sweep =
  "DELETE FROM troupe_idempotency WHERE kept_until <= $1 AND (service, route, owner, key) IN "
  "(SELECT service, route, owner, key FROM troupe_idempotency WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2)";

/// Between the clocks of two nodes, and on the way of a request.
constexpr milliseconds clock_difference{1000};

/// A row may go between two looks; not so often, unless something is wrong.
constexpr int most_looks = 3;

std::int64_t now() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t new_token() {
  thread_local std::mt19937_64 random{random_number()};
  return static_cast<std::int64_t>(random() >> 1);
}

/// A line each; what has a line feed in it is no field, and would not be sent.
blob to_lines(const header_list& fields) {
  blob out;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (const auto [name, value] = fields[i];
        name.find_first_of(":\n") == std::string_view::npos && value.find('\n') == std::string_view::npos)
      out.bytes.append(name).append(1, ':').append(value).append(1, '\n');
  return out;
}

header_list to_fields(std::string_view lines) {
  header_list out;
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find('\n'));
    const auto colon = line.find(':');
    out.add(line.substr(0, colon), line.substr(colon + 1));
    lines.remove_prefix(line.size() + 1);
  }
  return out;
}

response to_answer(const row& from) {
  response out;
  out.status = from.get<std::uint16_t>("status");
  out.headers = to_fields(from.get<blob>("headers").bytes);
  out.body = from.get<blob>("body").bytes;
  return out;
}

} // namespace

task<void> make_idempotency_table(statements on) {
  try {
    co_await on.exec(create_table);
    co_await on.exec(create_index);
  } catch (const error&) { // PostgreSQL: another node has made it at this moment
  }
}

task<std::optional<response>> claim_or_find(statements on, idempotency_claim& claim) {
  claim.token = new_token();
  for (int looks = 0; looks < most_looks; ++looks) {
    const auto begun = now();
    claim.lease_end = std::chrono::steady_clock::now() + claim.lease;
    const auto leased_until = begun + claim.lease.count() + clock_difference.count();
    const auto claimed =
      co_await on.find(make_claim, claim.service, claim.route, claim.owner, claim.key, claim.fingerprint, claim.token,
                       static_cast<std::int64_t>(claim.request), leased_until,
                       leased_until + milliseconds{claim.keep}.count(), begun);
    if (claimed)
      co_return std::nullopt;
    const auto found = co_await on.find(look_up, claim.service, claim.route, claim.owner, claim.key);
    if (!found)
      continue; // released, or removed
    if (found->get<std::string>("fingerprint") != claim.fingerprint)
      throw error{errc::unprocessable, "this Idempotency-Key came with another request before"};
    if (found->get<std::optional<std::int64_t>>("status"))
      co_return to_answer(*found);
    break;
  }
  throw error{errc::conflict, "a request with this Idempotency-Key is in work"};
}

task<bool> record_answer(statements& on, idempotency_claim& claim, const response& answer) {
  const auto changed =
    co_await on.exec(record, claim.service, claim.route, claim.owner, claim.key, claim.token, answer.status,
                     to_lines(answer.headers), blob{answer.body}, now() + milliseconds{claim.keep}.count());
  co_return changed == 1;
}

task<void> release_claim(statements on, const idempotency_claim& claim) {
  co_await on.exec(remove_claim, claim.service, claim.route, claim.owner, claim.key, claim.token);
}

task<std::int64_t> sweep_idempotency_table(statements on) {
  co_return co_await on.exec(sweep, now(), swept_at_once);
}

} // namespace troupe::detail
