#pragma once

#include "actors/detail/multipart_head.hpp"
#include "actors/messages/sql.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace troupe::detail {

/// The boundary that a Content-Type of multipart/form-data names. A failure: unsupported_media_type
/// for another type, invalid_argument when there is no boundary, or one that RFC 2046 does not
/// allow.
std::variant<std::string, failure> boundary_of(std::string_view content_type);

/// Reads a body of multipart/form-data (RFC 7578, RFC 2046) from pieces that are cut anywhere: the
/// same comes out, only that data may come in other portions. Holds the head of one part and
/// nothing of the data; each byte is looked at about once.
///
/// Strict where readers might differ: nothing but one CR LF stands before the first boundary, lines
/// of heads end with CR LF and are not folded, each part has one Content-Disposition of form-data
/// with one name. Content-Transfer-Encoding may only say that there is none.
///
///     parser.give(piece);
///     for (auto e = parser.next(); e != event::need_more; e = parser.next()) ...
class multipart_parser {
public:
  enum class event {
    need_more,   ///< all of the piece has been read
    part_begins, ///< `part()` says which
    data,        ///< `data()` is more of it, never empty
    part_ends,
    end,    ///< the last part has ended; what may still come is passed over
    failed, ///< `problem()` says why; nothing else follows
  };

  /// Of one part's head, with its line ends and that of its boundary.
  static constexpr std::size_t most_head_bytes = 8 * 1024;
  static constexpr std::size_t most_parts = 1000;
  /// Of what follows the last boundary.
  static constexpr std::size_t most_epilogue_bytes = 1024;

  /// REQUIRES: a boundary of `boundary_of`.
  explicit multipart_parser(std::string_view boundary);

  /// The next piece of the body; it must stay as it is until `next` has returned `need_more`.
  /// REQUIRES: `next` has done so, or was never called.
  void give(std::string_view piece) noexcept;

  event next();

  /// After the last piece: `end` when the body is complete, else `failed`.
  event finish();

  /// From `part_begins` to `part_ends`.
  [[nodiscard]] const multipart_part& part() const noexcept { return head_.part(); }

  /// Of the event `data`, until the next call: a view into the piece, or into the parser.
  [[nodiscard]] std::string_view data() const noexcept { return data_; }

  /// Of the event `failed`: names the byte or the part. A limit that is passed is
  /// payload_too_large, all else invalid_argument.
  [[nodiscard]] const failure& problem() const noexcept { return problem_; }

private:
  enum class state {
    begin,          // nothing has come
    first_boundary, // in it
    after_boundary, // before the end of its line, or in "--"
    head,
    body,
    epilogue,
    failed,
  };

  std::optional<event> step();
  std::optional<event> read_first_boundary();
  std::optional<event> read_after_boundary();
  std::optional<event> begin_part();
  std::optional<event> read_head();
  std::optional<event> read_body();
  std::optional<event> read_epilogue();

  void begin_matching(std::size_t implied) noexcept;
  bool match_more() noexcept;
  [[nodiscard]] std::size_t find_delimiter() const noexcept;

  event fail_here(std::string_view expected);
  event fail_in_part(errc code, std::string_view what);
  event fail(errc code, std::string what);

  std::string delimiter_; // CR LF "--" and the boundary
  state state_ = state::begin;
  std::string_view rest_; // of the piece
  std::uint64_t given_ = 0;

  // The bytes before `rest_` are the first `matched_` of the delimiter. As a CR stands nowhere else
  // in it, the next byte goes on with that match or ends it: nothing has to be looked at twice. The
  // first `implied_` of them belong to what stood before and are no data.
  std::size_t matched_ = 0;
  std::size_t implied_ = 0;

  char before_ = 0;            // the byte before, after a boundary
  std::string line_;           // of a head, as far as it has come
  std::size_t head_bytes_ = 0; // since the boundary
  std::size_t parts_ = 0;
  std::size_t epilogue_bytes_ = 0;
  multipart_head head_;
  std::string_view data_;
  failure problem_;
};

} // namespace troupe::detail
