#include "actors/body_writer.hpp"

#include <utility>

namespace troupe {

task<void> body_writer::send(std::shared_ptr<detail::part_sender> to, std::string piece) {
  for (std::size_t at = 0; at < piece.size();) {
    while (!to->ready())
      co_await detail::until_ready{*to};
    if (piece.size() <= stream_part_size) {
      to->send({part_kind::body, false, std::move(piece)});
      co_return;
    }
    auto part = piece.substr(at, stream_part_size);
    at += part.size();
    to->send({part_kind::body, false, std::move(part)});
  }
}

response stream(std::string_view content_type, body_producer write,
                std::optional<std::uint64_t> length) {
  response out;
  out.headers.add("Content-Type", content_type);
  out.source = std::make_shared<const body_source>(std::move(write), length);
  return out;
}

} // namespace troupe
