#pragma once

#include "actors/body_stream.hpp"
#include "actors/detail/multipart_parser.hpp"
#include "actors/messages/request.hpp"
#include "actors/task.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

class context;

/// The name, filename and content_type of one part of a form. What the client says, and unchecked:
/// a filename must never be used as a path.
using multipart_part = detail::multipart_part;

/// Reads a form of multipart/form-data, what a page's `<form enctype="multipart/form-data">` sends
/// when it has files, part by part as it arrives:
///
///     task<response> upload(context& ctx, const request& req, body_stream body) {
///       multipart_reader form{req, body};
///       while (auto part = co_await form.next_part())
///         if (part->filename && !part->filename->empty())
///           co_await form.save_to(ctx, "/srv/uploads/" + new_name()); // not part->filename
///         else if (part->name == "title")
///           title = co_await form.text(1000);
///       co_return status(204);
///     }
///
/// It keeps a piece of the body and the head of one part; how much may come in all is the route's
/// body_limit. One coroutine uses it, on the actor's loop, one call at a time.
///
/// All of it throws error: `invalid_argument` with the place for what is malformed or ends too
/// early, `payload_too_large` for more than 1000 parts, a part's head of more than 8 KiB, and a
/// limit that was given.
class multipart_reader {
public:
  /// error: `length_required` without a body, `unsupported_media_type` when Content-Type names
  /// something else.
  multipart_reader(const request& req, body_stream body);

  /// The same for a handler that gets the body as a whole. REQUIRES: the request lives as long.
  explicit multipart_reader(const request& req);

  multipart_reader(const multipart_reader&) = delete;
  multipart_reader& operator=(const multipart_reader&) = delete;

  /// The next part, what was not read of the present one is passed over; none behind the last one,
  /// when the whole body has been read.
  [[nodiscard]] task<std::optional<multipart_part>> next_part();

  /// The next piece of the present part's content, never empty; none at its end.
  [[nodiscard]] task<std::optional<std::string>> read();

  /// The rest of the present part. error{payload_too_large} when that is more than `limit` bytes.
  [[nodiscard]] task<std::string> text(std::size_t limit);

  /// Writes the rest of the present part to a new file that only the node's user may read, and
  /// gives its size. What may block is done by the pool of `ctx.blocking`; the file is not synced to
  /// the disk. The file is removed when the part cannot be read to its end, is larger than `limit`,
  /// or cannot be written, and when the coroutine is destroyed, as for a client that leaves.
  /// error{conflict} when there is something at `path` (a symbolic link, too); std::system_error, a
  /// 500, when the system refuses.
  [[nodiscard]] task<std::uint64_t> save_to(
    context& ctx, std::filesystem::path path,
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

private:
  using event = detail::multipart_parser::event;

  task<event> next_event();
  task<std::optional<std::string_view>> next_data();
  [[noreturn]] void refuse_size(std::uint64_t limit) const;

  std::optional<body_stream> from_; // none: the body is whole
  std::optional<std::string_view> whole_;
  detail::multipart_parser parser_;
  std::string piece_; // that the parser is at
  bool in_part_ = false;
  bool ended_ = false;
};

} // namespace troupe
