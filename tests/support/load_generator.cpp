#include "tests/support/load_generator.hpp"

#include "tests/support/eventually.hpp"

#include <iterator>
#include <ostream>
#include <poll.h>
#include <utility>

namespace troupe::test {

namespace {

/// Between two attempts of a client that is refused.
constexpr int pause_after_failure_ms = 2;

} // namespace

std::ostream& operator<<(std::ostream& out, const outcome& what) {
  auto took = std::chrono::duration_cast<milliseconds>(what.ended - what.started);
  out << what.request.method << ' ' << what.request.target << " after " << took.count() << " ms: ";
  if (what.response.status == 0)
    return out << what.failure << (what.partial ? " (partial response)" : "");
  return out << what.response.status << ' ' << what.response.body;
}

load_generator::load_generator(std::uint16_t port, unsigned clients, source next,
                               milliseconds limit, std::optional<tls_options> tls)
    : port_(port), next_(std::move(next)), limit_(limit), tls_(std::move(tls)),
      outcomes_(clients) {
  for (unsigned i = 0; i < clients; ++i)
    threads_.emplace_back([this, i] { run(i, outcomes_[i]); });
}

load_generator::~load_generator() {
  stop();
}

bool load_generator::wait_for_answers(std::size_t count, milliseconds limit) const {
  auto target = answered_.load() + count;
  return eventually([&] { return answered_.load() >= target; }, limit);
}

std::vector<outcome> load_generator::stop() {
  stopping_ = true;
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
  std::vector<outcome> all;
  for (auto& outcomes : std::exchange(outcomes_, {}))
    all.insert(all.end(), std::make_move_iterator(outcomes.begin()),
               std::make_move_iterator(outcomes.end()));
  return all;
}

void load_generator::run(unsigned client, std::vector<outcome>& outcomes) {
  http_client http{port_, limit_, tls_};
  for (std::uint64_t number = 0; !stopping_; ++number) {
    outcome result;
    result.request = next_(client, number);
    result.started = deadline::clock::now();
    try {
      result.response = http.send(result.request);
      ++answered_;
    } catch (const connection_error& problem) {
      result.failure = problem.what();
      result.partial = problem.got_bytes();
      ::poll(nullptr, 0, pause_after_failure_ms);
    }
    result.ended = deadline::clock::now();
    outcomes.push_back(std::move(result));
  }
}

} // namespace troupe::test
