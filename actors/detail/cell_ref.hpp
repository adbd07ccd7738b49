#pragma once

#include <utility>

namespace troupe::detail {

class state_cell;

void add_reference(state_cell& to) noexcept;
void drop_reference(state_cell& to) noexcept;

/// A counted reference to a stateful actor. Any thread.
class cell_ref {
public:
  cell_ref() noexcept = default;
  explicit cell_ref(state_cell* to) noexcept : to_(to) {
    if (to_ != nullptr)
      add_reference(*to_);
  }
  cell_ref(const cell_ref& other) noexcept : cell_ref(other.to_) {}
  cell_ref(cell_ref&& other) noexcept : to_(std::exchange(other.to_, nullptr)) {}
  cell_ref& operator=(cell_ref other) noexcept {
    std::swap(to_, other.to_);
    return *this;
  }
  ~cell_ref() {
    if (to_ != nullptr)
      drop_reference(*to_);
  }

  [[nodiscard]] state_cell* get() const noexcept { return to_; }
  [[nodiscard]] state_cell& operator*() const noexcept { return *to_; }
  [[nodiscard]] state_cell* operator->() const noexcept { return to_; }
  [[nodiscard]] explicit operator bool() const noexcept { return to_ != nullptr; }
  friend bool operator==(const cell_ref&, const cell_ref&) = default;

private:
  state_cell* to_ = nullptr;
};

} // namespace troupe::detail
