#include "actors/detail/stream_ends.hpp"

#include "actors/messages/errc.hpp"

#include <utility>

namespace troupe::detail {

stream_peer& stream_end::peer() const {
  if (peer_ == nullptr)
    throw error{errc::unavailable, "the stream was used after its request had ended"};
  return *peer_;
}

void part_receiver::put(body_part&& what) {
  parts_.push_back(std::move(what));
  waiting_.wake_all();
}

std::optional<body_part> part_receiver::take() {
  if (parts_.empty()) {
    if (!ended_)
      static_cast<void>(peer()); // throws: there is nobody
    return std::nullopt;
  }
  auto out = std::move(parts_.front());
  parts_.pop_front();
  ended_ = out.last;
  taken_ += cost_of(out);
  if (!ended_ && peer_ != nullptr && taken_ >= stream_credit_step)
    peer_->send_credit(std::exchange(taken_, 0));
  return out;
}

void part_sender::add_credit(std::uint64_t bytes) {
  credit_ = with_credit(credit_, bytes);
  if (credit_ > 0)
    waiting_.wake_all();
}

void part_sender::send(body_part&& what) {
  auto& to = peer();
  credit_ -= static_cast<std::int64_t>(cost_of(what));
  sent_ += what.data.size();
  to.send_part(std::move(what));
}

} // namespace troupe::detail
