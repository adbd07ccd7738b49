#pragma once

#include <utility>

namespace troupe::detail {

/// A counted reference to an actor, without CAF's headers. caf.hpp converts to and from CAF.
class actor_address {
public:
  actor_address() noexcept = default;
  actor_address(const actor_address& other) noexcept;
  actor_address(actor_address&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  actor_address& operator=(actor_address other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~actor_address();

  [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }

  /// Takes over one reference.
  static actor_address adopt(void* control_block) noexcept;
  [[nodiscard]] void* control_block() const noexcept { return block_; }

private:
  void* block_ = nullptr;
};

} // namespace troupe::detail
