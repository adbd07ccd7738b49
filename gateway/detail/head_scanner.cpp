#include "gateway/detail/head_scanner.hpp"

#include "gateway/detail/characters.hpp"

#include <utility>

namespace troupe::gateway {

namespace {

/// No method that anybody has registered is longer.
constexpr std::size_t longest_method = 32;

/// What nearly all clients send behind the target, and mostly in one piece.
constexpr std::string_view usual_version = "HTTP/1.1\r\n";

} // namespace

void head_scanner::fail(errc code, std::string detail) {
  problem_ = {code, std::move(detail)};
  failed_ = true;
}

void head_scanner::reset() noexcept {
  place_ = place::method;
  version_ = 0;
  at_ = method_size_ = version_at_ = 0;
  fields_ = {};
  if (std::exchange(failed_, false))
    problem_ = {};
}

head_scanner::part head_scanner::scan(std::string_view bytes) {
  if (place_ == place::line_done) {
    at_ = 0;
    place_ = place::fields;
  }
  return place_ == place::fields ? scan_fields(bytes) : scan_line(bytes);
}

head_scanner::part head_scanner::scan_line(std::string_view bytes) {
  // Each of these goes on to the next place, unless it fails or needs more bytes.
  if (place_ == place::method)
    scan_method(bytes);
  if (place_ == place::target)
    scan_target(bytes);
  if (place_ == place::version)
    scan_version(bytes);
  if (place_ == place::line_end)
    scan_line_end(bytes);
  if (failed_)
    return part::failed;
  return place_ == place::line_done ? part::request_line : part::none;
}

void head_scanner::scan_method(std::string_view bytes) {
  at_ = skip(token_char, bytes.substr(0, longest_method + 1), at_);
  if (at_ > longest_method)
    return fail(errc::not_implemented, "the server does not know a method that long");
  if (at_ == bytes.size())
    return;
  if (bytes[at_] != ' ' || at_ == 0)
    return fail(errc::invalid_argument, "the request line does not begin with METHOD and a space");
  method_size_ = at_++;
  place_ = place::target;
}

void head_scanner::scan_target(std::string_view bytes) {
  const auto begin = method_size_ + 1;
  const auto longest_end = begin + limits_.max_target_bytes;
  at_ = skip(target_char, bytes.substr(0, longest_end + 1), at_);
  if (at_ > longest_end)
    return fail(errc::uri_too_long, "the request target is longer than "
                                      + std::to_string(limits_.max_target_bytes) + " bytes");
  if (at_ == bytes.size())
    return;
  if (at_ == begin)
    return fail(errc::invalid_argument, "the request line has no target");
  if (bytes[at_] == '\r' || bytes[at_] == '\n')
    return fail(errc::invalid_argument, "the request line has no version");
  if (bytes[at_] == '#')
    return fail(errc::invalid_argument, "the request target has a fragment");
  if (bytes[at_] != ' ')
    return fail(errc::invalid_argument, "the request target has a character that must be escaped");
  version_at_ = ++at_;
  place_ = place::version;
}

void head_scanner::scan_version(std::string_view bytes) {
  if (at_ == version_at_ && bytes.substr(at_).starts_with(usual_version)) {
    at_ += usual_version.size();
    version_ = 11;
    place_ = place::line_done;
    return;
  }
  constexpr std::string_view pattern = "HTTP/0.0"; // 0: any digit
  for (; at_ < bytes.size() && at_ - version_at_ < pattern.size(); ++at_) {
    const auto wanted = pattern[at_ - version_at_];
    if (wanted == '0' ? !is_digit(bytes[at_]) : bytes[at_] != wanted)
      return fail(errc::invalid_argument, "the request line does not end with a version of HTTP");
  }
  if (at_ - version_at_ < pattern.size())
    return;
  version_ = (bytes[at_ - 3] - '0') * 10 + (bytes[at_ - 1] - '0');
  place_ = place::line_end;
}

void head_scanner::scan_line_end(std::string_view bytes) {
  for (auto wanted : std::string_view{"\r\n"}.substr(at_ - version_at_ - 8)) {
    if (at_ == bytes.size())
      return;
    if (bytes[at_] != wanted)
      return fail(errc::invalid_argument, "the version is not followed by CR LF");
    ++at_;
  }
  if (version_ < 10 || version_ > 19)
    return fail(errc::version_not_supported, "the server speaks HTTP/1.1");
  place_ = place::line_done;
}

head_scanner::part head_scanner::scan_fields(std::string_view bytes) {
  const auto within_limit = bytes.substr(0, limits_.max_header_bytes);
  switch (fields_.scan(within_limit, at_)) {
  case scan_result::need_more:
    if (within_limit.size() == bytes.size())
      return part::none;
    fail(errc::header_too_large, "the header section is larger than "
                                   + std::to_string(limits_.max_header_bytes) + " bytes");
    break;
  case scan_result::complete: return part::fields;
  case scan_result::failed: fail(errc::invalid_argument, std::string{fields_.problem()}); break;
  }
  return part::failed;
}

} // namespace troupe::gateway
