#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::detail {

/// What the head of a part says.
struct multipart_part {
  /// The name of the form's field.
  std::string name;
  /// What the client calls the file; empty text: a field for files in which none was chosen.
  /// Anything may stand here, "../../etc/passwd" and line ends too: it must never be used as a
  /// path, nor go anywhere without being quoted for that place. None: the part is no file.
  std::optional<std::string> filename;
  /// As sent, of any form; empty when the client does not say (text/plain is meant).
  std::string content_type;
};

/// Makes a `multipart_part` of the lines of its head.
///
/// In names, backslashes escape quotes and backslashes, and %22, %0D and %0A are what browsers
/// write for quotes and line ends; other escapes stay as they are, as browsers do not write any.
/// `filename*` is passed over: it must not be sent (RFC 7578, 4.2), yet some clients send it beside
/// `filename`.
class multipart_head {
public:
  /// A line without its end, not empty. Returns what is wrong with it, none when it is right.
  std::optional<std::string> add(std::string_view line);

  /// After the last line: what is missing.
  [[nodiscard]] std::optional<std::string> finish() const;

  [[nodiscard]] const multipart_part& part() const noexcept { return part_; }

private:
  std::optional<std::string> read_disposition(std::string_view value);

  multipart_part part_;
  bool has_disposition_ = false;
  bool has_type_ = false;
};

} // namespace troupe::detail
