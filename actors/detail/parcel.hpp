#pragma once

namespace troupe::detail {

/// Something on its way to an event loop, linked into the loop's inbox: no allocation to send it.
class parcel {
public:
  parcel() noexcept = default;
  parcel(const parcel&) = delete;
  parcel& operator=(const parcel&) = delete;

  /// Runs on the loop's thread and owns itself: it sends itself on or frees itself.
  virtual void arrive() = 0;

  /// Instead of `arrive` when the loop has ended: frees itself.
  virtual void discard() noexcept = 0;

protected:
  ~parcel() = default;

private:
  friend class event_loop;
  friend class loop_door;
  parcel* next_ = nullptr;
};

} // namespace troupe::detail
