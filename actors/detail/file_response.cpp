#include "actors/detail/file_response.hpp"

#include "actors/body_writer.hpp"
#include "actors/context.hpp"
#include "actors/detail/conditions.hpp"
#include "actors/detail/file_reader.hpp"
#include "actors/detail/http_date.hpp"
#include "actors/detail/media_types.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

namespace troupe::detail {

namespace {

using std::chrono::system_clock;

bool is_plain_in_quotes(char c) noexcept {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '%'; // some clients decode '%'
}

bool is_attribute_character(char c) noexcept { // RFC 8187, attr-char
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
         || (c != '\0' && std::string_view{"!#$&+-.^_`|~"}.find(c) != std::string_view::npos);
}

/// Content-Disposition (RFC 6266) for a file of that name.
std::string attachment(std::string_view name) {
  if (std::ranges::all_of(name, is_plain_in_quotes))
    return "attachment; filename=\"" + std::string{name} + "\"";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "attachment; filename*=UTF-8''";
  for (const char c : name)
    if (const auto byte = static_cast<unsigned char>(c); is_attribute_character(c))
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 0xf]});
  return out;
}

void add_validators(response& to, const opened_file& file, const file_fields& fields,
                    std::string_view tag, std::int64_t now) {
  to.headers.add("ETag", tag);
  to.headers.add("Last-Modified", format_http_date(std::min(file.modified, now)));
  to.headers.add("Accept-Ranges", "bytes");
  to.headers.add("X-Content-Type-Options", "nosniff");
  if (!fields.cache_control.empty())
    to.headers.add("Cache-Control", fields.cache_control);
}

/// The answer when no part of the file is sent.
response without_content(const verdict& how, std::uint64_t size) {
  switch (how.status) {
  case 304:
    return status(304);
  case 416:
    return text("the range begins behind the end of the file, which has " + std::to_string(size)
                + " bytes\n")
      .with_status(416)
      .with_header("Content-Range", content_range(how, size));
  default:
    return text("the file is not the one that the request is for\n").with_status(412);
  }
}

task<void> write_file(context& ctx, std::shared_ptr<const file_descriptor> from, std::uint64_t at,
                      std::uint64_t size, body_writer out) {
  while (size > 0) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(size, whole_file_bytes));
    auto piece = co_await read_part(ctx, from, at, step);
    at += step;
    size -= step;
    co_await out.write(std::move(piece));
  }
}

/// A part of the file as it is taken; of a HEAD only the length.
response streamed(context& ctx, std::string_view content_type, file_descriptor&& file,
                  std::uint64_t at, std::uint64_t size) {
  auto from = std::make_shared<const file_descriptor>(std::move(file));
  return stream(
    content_type,
    [&ctx, from, at, size](body_writer out) {
      return write_file(ctx, from, at, size, std::move(out));
    },
    size);
}

task<response> with_content(context& ctx, const request& req, ready_file what,
                            std::string_view content_type, std::uint64_t at, std::uint64_t size) {
  if (req.method == http_method::head || (size > whole_file_bytes && !what.content))
    co_return streamed(ctx, content_type, std::move(what.file.file), at, size);
  response out;
  out.headers.add("Content-Type", content_type);
  if (what.content) {
    out.body = std::move(*what.content);
    co_return out;
  }
  auto from = std::make_shared<const file_descriptor>(std::move(what.file.file));
  out.body = co_await read_part(ctx, std::move(from), at, static_cast<std::size_t>(size));
  co_return out;
}

} // namespace

bool wants_whole(const request& req) noexcept {
  if (req.method != http_method::get)
    return false;
  for (std::size_t i = 0; i < req.headers.size(); ++i)
    if (const auto name = req.headers[i].first;
        equals_ignore_case(name, "Range") || equals_ignore_case(name.substr(0, 3), "If-"))
      return false;
  return true;
}

ready_file read_small(ready_file what, bool read) {
  if (read && what.file.result == opened_file::outcome::ok && what.file.size <= whole_file_bytes)
    what.content = read_part(what.file.file, 0, static_cast<std::size_t>(what.file.size));
  return what;
}

std::string cache_control(const file_options& how, bool entry) {
  if (entry)
    return "no-cache";
  return how.max_age ? "public, max-age=" + std::to_string(how.max_age->count()) : std::string{};
}

void check_opened(const opened_file& what, const std::filesystem::path& path) {
  switch (what.result) {
  case opened_file::outcome::ok:
    return;
  case opened_file::outcome::directory:
  case opened_file::outcome::not_found:
    throw error{errc::not_found, "there is no file here"};
  case opened_file::outcome::failed:
    break;
  }
  const std::error_code why{what.error, std::generic_category()};
  if (what.error != EACCES && what.error != EPERM)
    throw std::system_error{why, "file " + path.string()};
  spdlog::warn("the file {} may not be read by the node: {}", path.string(), why.message());
  throw error{errc::forbidden, "the file may not be read"};
}

task<response> file_response(context& ctx, const request& req, ready_file what,
                             file_fields fields) {
  const auto now = system_clock::to_time_t(system_clock::now());
  const auto tag = entity_tag_of(what.file);
  const auto size = what.file.size;
  const auto how =
    evaluate_conditions(req.headers, req.method, {tag, what.file.modified, size}, now);
  response out;
  if (how.status != 200 && how.status != 206) {
    out = without_content(how, size);
    add_validators(out, what.file, fields, tag, now);
    co_return out;
  }
  const bool whole = how.status == 200;
  response head;
  add_validators(head, what.file, fields, tag, now);
  out = co_await with_content(ctx, req, std::move(what), media_type_of(fields.name),
                              whole ? 0 : how.first, whole ? size : how.last - how.first + 1);
  out.status = how.status;
  for (std::size_t i = 0; i < head.headers.size(); ++i)
    out.headers.add(head.headers[i].first, head.headers[i].second);
  if (!whole)
    out.headers.add("Content-Range", content_range(how, size));
  if (fields.download)
    out.headers.add("Content-Disposition", attachment(fields.name));
  co_return out;
}

} // namespace troupe::detail
