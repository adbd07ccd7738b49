#include "bench/storage/measured.hpp"

#include "storage/postgres/detail/pqxx_compat.hpp"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace troupe::bench {

namespace {

using clock = std::chrono::steady_clock;

/// `read` gives the rows that it has read until that time, in as many threads as there are connections.
measured in_threads(const workload& what, const std::function<std::uint64_t(clock::time_point)>& read) {
  std::vector<std::uint64_t> rows(what.connections);
  std::vector<std::thread> threads;
  const auto begun = clock::now();
  const auto until = begun + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{what.seconds});
  for (auto& each : rows)
    threads.emplace_back([&] { each = read(until); });
  measured out;
  for (unsigned i = 0; i < what.connections; ++i) {
    threads[i].join();
    out.rows += rows[i];
  }
  out.seconds = std::chrono::duration<double>(clock::now() - begun).count();
  return out;
}

using result_ptr = std::unique_ptr<PGresult, void (*)(PGresult*)>;

void require(bool fine, PGconn* on) {
  if (!fine)
    throw std::runtime_error{PQerrorMessage(on)};
}

/// Of `asked`, in their order.
void read_rows(PGconn* on, const std::vector<int>& asked) {
  for (const auto id : asked) {
    const result_ptr result{PQgetResult(on), PQclear};
    require(PQresultStatus(result.get()) == PGRES_TUPLES_OK && PQntuples(result.get()) == 1, on);
    check_row(id, std::atoi(PQgetvalue(result.get(), 0, 0)), std::atoi(PQgetvalue(result.get(), 0, 1)));
    require(PQgetResult(on) == nullptr, on);
  }
  const result_ptr end{PQgetResult(on), PQclear};
  require(PQresultStatus(end.get()) == PGRES_PIPELINE_SYNC, on);
}

} // namespace

void make_table(const std::string& url) {
  pqxx::connection session{url};
  pqxx::work transaction{session};
  transaction.exec("DROP TABLE IF EXISTS bench_row");
  transaction.exec("CREATE TABLE bench_row (id INTEGER PRIMARY KEY, number INTEGER NOT NULL)");
  transaction.exec("INSERT INTO bench_row SELECT i, i * 7 FROM generate_series(1, " + std::to_string(table_size)
                   + ") AS i");
  transaction.commit();
}

measured read_with_libpqxx(const workload& what) {
  return in_threads(what, [&](clock::time_point until) {
    pqxx::connection session{what.url};
    session.prepare("row", row_by_id);
    pqxx::nontransaction reads{session};
    std::uint64_t rows = 0;
    for (; clock::now() < until; ++rows) {
      const auto id = random_id();
      const auto text = std::to_string(id);
      const auto found = storage::postgres::exec_prepared(reads, "row", {text.c_str()});
      check_row(id, found[0][0].as<int>(), found[0][1].as<int>());
    }
    return rows;
  });
}

measured read_with_pipelines(const workload& what) {
  const auto at_once = (what.callers + what.connections - 1) / what.connections;
  return in_threads(what, [&](clock::time_point until) {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> session{PQconnectdb(what.url.c_str()), PQfinish};
    auto* on = session.get();
    require(PQstatus(on) == CONNECTION_OK, on);
    const result_ptr prepared{PQprepare(on, "row", row_by_id, 0, nullptr), PQclear};
    require(PQresultStatus(prepared.get()) == PGRES_COMMAND_OK && PQenterPipelineMode(on) == 1, on);
    std::uint64_t rows = 0;
    std::vector<int> asked(at_once);
    for (; clock::now() < until; rows += asked.size()) {
      for (auto& id : asked) {
        id = random_id();
        const auto text = std::to_string(id);
        const char* const values[] = {text.c_str()};
        require(PQsendQueryPrepared(on, "row", 1, values, nullptr, nullptr, 0) == 1, on);
      }
      require(PQpipelineSync(on) == 1, on);
      read_rows(on, asked);
    }
    return rows;
  });
}

} // namespace troupe::bench
