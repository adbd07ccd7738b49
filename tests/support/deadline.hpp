#pragma once

#include <chrono>

namespace troupe::test {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// How many times slower than a plain build the programs under test may be: TROUPE_TEST_SLOWDOWN,
/// or a default for the sanitizer of this build, or 1.
double slowdown();

/// A time that a specification names, as this build is held to it.
milliseconds scaled(milliseconds time);

/// A point in time that waiting must not pass. Every wait of the tests has one.
class deadline {
public:
  using clock = std::chrono::steady_clock;

  /// `from_now` is scaled.
  explicit deadline(milliseconds from_now) : when_(clock::now() + scaled(from_now)) {}

  [[nodiscard]] clock::time_point when() const noexcept { return when_; }
  [[nodiscard]] bool passed() const noexcept { return clock::now() >= when_; }

  /// What poll(2) takes: the milliseconds left, rounded up; 0 when passed.
  [[nodiscard]] int poll_timeout() const noexcept;

private:
  clock::time_point when_;
};

/// Long enough for whatever must happen soon; reached only by a failing test.
inline constexpr milliseconds soon = 15s;

} // namespace troupe::test
