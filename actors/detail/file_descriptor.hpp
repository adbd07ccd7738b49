#pragma once

#include <unistd.h>

#include <utility>

namespace troupe::detail {

/// Owns a file descriptor: closes it at its end.
class file_descriptor {
public:
  file_descriptor() = default;
  explicit file_descriptor(int handle) noexcept : handle_(handle) {}
  file_descriptor(file_descriptor&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~file_descriptor() {
    if (handle_ >= 0)
      ::close(handle_);
  }

  /// Gives it up: the caller closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(handle_, -1); }

  /// Negative: it owns none.
  [[nodiscard]] int get() const noexcept { return handle_; }
  [[nodiscard]] explicit operator bool() const noexcept { return handle_ >= 0; }

private:
  int handle_ = -1;
};

} // namespace troupe::detail
