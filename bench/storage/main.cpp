// bench-storage URL CALLERS CONNECTIONS SECONDS WAY: rows/s of single-row reads on PostgreSQL, for bench/reads. WAY is
// libpqxx, pipeline, pool, coalesce (these two on one loop), pool-loops, per-loop or per-loop-coalesce (a loop for each
// core); "prepare" makes the table. Prints rows per second, and the CPU time of this process for a row, in microseconds.
#include "bench/storage/measured.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

namespace troupe::bench {

void check_row(int asked, int id, int number) {
  if (asked == id && number == id * 7)
    return;
  std::fprintf(stderr, "row %d was asked for, and %d with %d came\n", asked, id, number);
  std::abort();
}

int random_id() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_int_distribution<int>{1, table_size}(engine);
}

namespace {

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

measured run(const std::string& way, const workload& what) {
  if (way == "libpqxx")
    return read_with_libpqxx(what);
  if (way == "pipeline")
    return read_with_pipelines(what);
  if (way == "pool" || way == "coalesce")
    return read_with_pool(what, {.coalesced = way == "coalesce"});
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const auto per_loop = way.starts_with("per-loop");
  if (way == "pool-loops" || way == "per-loop" || way == "per-loop-coalesce")
    return read_with_pool(what, {.loops = cores, .per_loop = per_loop, .coalesced = way.ends_with("coalesce")});
  throw std::runtime_error{"no way to read is called " + way};
}

} // namespace
} // namespace troupe::bench

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: bench-storage URL CALLERS CONNECTIONS SECONDS "
                         "libpqxx|pipeline|pool|coalesce|pool-loops|per-loop|per-loop-coalesce|prepare\n");
    return 2;
  }
  try {
    using namespace troupe::bench;
    workload what{argv[1], static_cast<unsigned>(std::stoul(argv[3])), static_cast<unsigned>(std::stoul(argv[2])),
                  std::stod(argv[4])};
    if (std::string{argv[5]} == "prepare") {
      make_table(what.url);
      return 0;
    }
    const auto before = cpu_seconds();
    const auto out = run(argv[5], what);
    const auto rows = static_cast<double>(out.rows);
    std::printf("%.0f %.2f\n", rows / out.seconds, (cpu_seconds() - before) * 1e6 / rows);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench-storage: %s\n", e.what());
    return 1;
  }
  return 0;
}
