#pragma once

#include "tests/support/http_client.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace troupe::test {

/// What became of one request.
struct outcome {
  http_request request;
  http_response response; // status 0: there was none
  std::string failure;    // then: why
  bool partial = false;   // then: the connection ended within the response
  deadline::clock::time_point started;
  deadline::clock::time_point ended;
};

std::ostream& operator<<(std::ostream& out, const outcome& what);

/// Keep-alive clients, a thread each, that send one request after the other and record what became
/// of each. A client whose connection fails opens another one and goes on.
class load_generator {
public:
  /// The request number `number` (from 0) of client `client`. Called on the client's thread.
  using source = std::function<http_request(unsigned client, std::uint64_t number)>;

  load_generator(std::uint16_t port, unsigned clients, source next, milliseconds limit = soon,
                 std::optional<tls_options> tls = {});
  load_generator(const load_generator&) = delete;
  load_generator& operator=(const load_generator&) = delete;
  ~load_generator();

  /// Waits until `count` more requests have been answered, by whatever status.
  bool wait_for_answers(std::size_t count, milliseconds limit = soon) const;

  /// Waits for the requests under way and ends. All outcomes, in order for each client.
  std::vector<outcome> stop();

private:
  void run(unsigned client, std::vector<outcome>& outcomes);

  std::uint16_t port_;
  source next_;
  milliseconds limit_;
  std::optional<tls_options> tls_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> answered_{0};
  std::vector<std::vector<outcome>> outcomes_;
  std::vector<std::thread> threads_;
};

} // namespace troupe::test
