#include "tests/support/deadline.hpp"

#include <cstdlib>

namespace troupe::test {

namespace {

double default_slowdown() {
#if defined(__SANITIZE_THREAD__)
  return 8;
#elif defined(__SANITIZE_ADDRESS__)
  return 4;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  return 8;
#elif __has_feature(address_sanitizer)
  return 4;
#else
  return 1;
#endif
#else
  return 1;
#endif
}

} // namespace

double slowdown() {
  static const double factor = [] {
    const char* text = std::getenv("TROUPE_TEST_SLOWDOWN");
    double value = text != nullptr ? std::strtod(text, nullptr) : default_slowdown();
    return value >= 1 ? value : 1;
  }();
  return factor;
}

milliseconds scaled(milliseconds time) {
  return std::chrono::duration_cast<milliseconds>(time * slowdown());
}

int deadline::poll_timeout() const noexcept {
  auto left = std::chrono::ceil<milliseconds>(when_ - clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

} // namespace troupe::test
