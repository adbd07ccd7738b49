#include "tests/support/deadline.hpp"

#include "tests/support/sanitizer.hpp"

#include <cstdlib>

namespace troupe::test {

namespace {

constexpr double default_slowdown = built_with == sanitizer::thread ? 8 : built_with == sanitizer::address ? 4 : 1;

} // namespace

double slowdown() {
  static const double factor = [] {
    const char* text = std::getenv("TROUPE_TEST_SLOWDOWN");
    double value = text != nullptr ? std::strtod(text, nullptr) : default_slowdown;
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
