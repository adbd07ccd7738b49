#include "actors/body_stream.hpp"

#include "actors/messages/errc.hpp"

namespace troupe {

task<std::optional<std::string>> body_stream::take(std::shared_ptr<detail::part_receiver> from) {
  for (;;) {
    while (!from->ready())
      co_await detail::until_ready{*from};
    auto part = from->take();
    if (!part || (part->last && part->data.empty()))
      co_return std::nullopt;
    if (!part->data.empty())
      co_return std::move(part->data);
  }
}

task<std::string> body_stream::rest(std::size_t limit) {
  auto from = from_;
  std::string out;
  while (auto piece = co_await take(from)) {
    if (piece->size() > limit - out.size())
      throw error{errc::payload_too_large,
                  "the body is larger than " + std::to_string(limit) + " bytes"};
    out += *piece;
  }
  co_return out;
}

} // namespace troupe
