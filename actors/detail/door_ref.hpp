#pragma once

#include <utility>

namespace troupe::detail {

class loop_door;
class parcel;

/// A counted reference to where a loop takes what others send it; see loop_door. Any thread.
class door_ref {
public:
  door_ref() noexcept = default;
  explicit door_ref(loop_door* to) noexcept;
  door_ref(const door_ref& other) noexcept : door_ref(other.to_) {}
  door_ref(door_ref&& other) noexcept : to_(std::exchange(other.to_, nullptr)) {}
  door_ref& operator=(door_ref other) noexcept {
    std::swap(to_, other.to_);
    return *this;
  }
  ~door_ref();

  [[nodiscard]] loop_door* get() const noexcept { return to_; }
  /// Gives the reference away.
  [[nodiscard]] loop_door* release() noexcept { return std::exchange(to_, nullptr); }
  /// Takes over what `release` gave.
  static door_ref adopt(loop_door* released) noexcept {
    door_ref out;
    out.to_ = released;
    return out;
  }
  friend bool operator==(const door_ref&, const door_ref&) = default;

private:
  loop_door* to_ = nullptr;
};

/// That of the loop whose thread this is, or null.
loop_door* current_door() noexcept;

/// Has `what` arrive on the loop: at the end of this step when this is another loop's thread. Discards it
/// when the loop has ended. REQUIRES: somebody keeps a reference meanwhile.
void send_to_door(loop_door& to, parcel& what);

} // namespace troupe::detail
