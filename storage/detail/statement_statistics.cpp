#include "storage/detail/statement_statistics.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace troupe::storage {

namespace {

using std::chrono::microseconds;

microseconds in_microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<microseconds>(time);
}

} // namespace

std::size_t statement_statistics::place_of(std::chrono::nanoseconds time) noexcept {
  const auto quarters = static_cast<std::uint64_t>(std::max<std::int64_t>(in_microseconds(time).count(), 0)) * 4;
  if (quarters < 4)
    return 0;
  const auto power = static_cast<std::size_t>(std::bit_width(quarters)) - 3; // of the microseconds
  const auto part = (quarters >> power) & 3;
  return std::min(4 * power + part, histogram{}.size() - 1);
}

/// The middle of the place where it is.
microseconds statement_statistics::quantile(const entry& of, double part) {
  auto left = static_cast<std::uint64_t>(static_cast<double>(of.count - 1) * part);
  for (std::size_t i = 0; i < of.times.size(); ++i) {
    if (left < of.times[i]) {
      const auto begin = static_cast<double>(std::uint64_t{1} << (i / 4)) * (1 + static_cast<double>(i % 4) / 4);
      const auto middle = i == 0 ? 0.5 : begin * (1 + 0.5 / (4 + static_cast<double>(i % 4)));
      return std::min(microseconds{static_cast<std::int64_t>(middle)}, in_microseconds(of.longest));
    }
    left -= of.times[i];
  }
  return in_microseconds(of.longest);
}

statement_statistics::entry& statement_statistics::entry::operator+=(const entry& other) noexcept {
  count += other.count;
  failures += other.failures;
  rows += other.rows;
  batches += other.batches;
  longest = std::max(longest, other.longest);
  total += other.total;
  std::transform(times.begin(), times.end(), other.times.begin(), times.begin(), std::plus<>{});
  return *this;
}

statement_statistics::entry& statement_statistics::entry_of(const std::string& sql, table& in) {
  if (const auto found = in.find(sql); found != in.end())
    return found->second;
  if (in.size() < most_statements)
    return in[sql];
  return in[{}];
}

void statement_statistics::add(std::span<const run> runs, std::chrono::nanoseconds took) {
  if (runs.empty())
    return;
  const auto each = took / static_cast<std::int64_t>(runs.size());
  const std::lock_guard lock{mutex_};
  entry* last = nullptr;
  const std::string* last_sql = nullptr;
  for (const auto& what : runs) {
    const bool is_same = last != nullptr && *last_sql == *what.sql;
    auto& at = is_same ? *last : entry_of(*what.sql, entries_);
    ++at.count;
    at.failures += what.failed ? 1 : 0;
    at.rows += what.rows;
    at.batches += &at != last ? 1 : 0;
    at.longest = std::max(at.longest, each);
    at.total += each;
    ++at.times[place_of(each)];
    last = &at;
    last_sql = what.sql;
  }
}

void statement_statistics::add_to(table& sum) const {
  const std::lock_guard lock{mutex_};
  for (const auto& [sql, at] : entries_)
    entry_of(sql, sum) += at;
}

std::vector<database_figures::statement> statement_statistics::list(const table& all, std::size_t most) {
  std::vector<database_figures::statement> out;
  for (const auto& [sql, at] : all)
    out.push_back({sql, at.count, at.failures, at.rows, at.batches, quantile(at, 0.5), quantile(at, 0.99),
                   in_microseconds(at.longest), in_microseconds(at.total)});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.total != b.total ? a.total > b.total : a.sql < b.sql;
  });
  if (out.size() > most)
    out.resize(most);
  return out;
}

std::vector<database_figures::statement> statement_statistics::most_expensive(std::size_t most) const {
  const std::lock_guard lock{mutex_};
  return list(entries_, most);
}

std::vector<database_figures::statement>
statement_statistics::most_expensive(std::span<const std::shared_ptr<statement_statistics>> of, std::size_t most) {
  if (most == 0)
    return {};
  if (of.size() == 1)
    return of.front()->most_expensive(most);
  table sum;
  for (const auto& each : of)
    each->add_to(sum);
  return list(sum, most);
}

} // namespace troupe::storage
