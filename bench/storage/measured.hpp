#pragma once

#include <cstdint>
#include <string>

namespace troupe::bench {

/// What every way of reading does: rows of `bench_row` by random ids, 1 to `table_size`, one at a time.
inline constexpr int table_size = 10'000;
inline constexpr const char* row_by_id = "SELECT id, number FROM bench_row WHERE id = $1";
inline constexpr const char* rows_by_ids = "SELECT id, number FROM bench_row WHERE id = ANY($1)";

struct workload {
  std::string url;
  unsigned connections = 1;
  unsigned callers = 64; ///< that each wait for a row before they ask for the next one
  double seconds = 2;
};

struct measured {
  std::uint64_t rows = 0;
  double seconds = 0;
};

/// A row was read: the row that was asked for, or the process ends.
void check_row(int asked, int id, int number);
int random_id();

/// `bench_row` anew.
void make_table(const std::string& url);

/// libpqxx, a thread for each connection, one row after the other.
measured read_with_libpqxx(const workload& what);

/// libpq's pipeline mode, a thread for each connection: as many statements as there are callers go out at once,
/// with one synchronisation, then all their rows are read.
measured read_with_pipelines(const workload& what);

struct pool_options {
  unsigned loops = 1;
  bool per_loop = false; ///< storage.per_loop
  bool coalesced = false;
};

/// Coroutines through the database actor and its pool, on each loop as many.
measured read_with_pool(const workload& what, const pool_options& how);

} // namespace troupe::bench
