#include "actors/detail/address.hpp"

#include <caf/actor_control_block.hpp>

namespace troupe::detail {

namespace {

caf::actor_control_block* block_of(void* erased) {
  return static_cast<caf::actor_control_block*>(erased);
}

} // namespace

actor_address::actor_address(const actor_address& other) noexcept : block_(other.block_) {
  if (block_ != nullptr)
    caf::intrusive_ptr_add_ref(block_of(block_));
}

actor_address::~actor_address() {
  if (block_ != nullptr)
    caf::intrusive_ptr_release(block_of(block_));
}

actor_address actor_address::adopt(void* control_block) noexcept {
  actor_address result;
  result.block_ = control_block;
  return result;
}

} // namespace troupe::detail
