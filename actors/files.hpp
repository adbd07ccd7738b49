#pragma once

#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/task.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace troupe {

class context;

/// How files are answered with. `index`, `fallback` and `hidden` are for folders only
/// (route_methods::files).
struct file_options {
  /// The name of the file that stands for its folder; empty: none does.
  std::string index = "index.html";
  /// A file beneath the folder that answers for paths at which nothing is, for front ends that have
  /// routes of their own; empty: none. Not where the path's last segment has a dot: a script that
  /// is missing has to be a 404.
  std::string fallback = {};
  /// Cache-Control: public, max-age=N; none: no such field. Index and fallback always have no-cache:
  /// they name the other files.
  std::optional<std::chrono::seconds> max_age = {};
  /// Whether names may begin with a dot.
  bool hidden = false;
  /// Content-Disposition: attachment, with the file's name: to be saved, not shown.
  bool download = false;
};

/// The file at `path`, which the author names: of what clients send, let nothing go into it. For
/// the GET (or HEAD) of a route:
///
///     task<response> report(context& ctx, const request& req) {
///       co_return co_await file(ctx, req, "/srv/reports/latest.pdf", {.download = true});
///     }
///
/// Content-Type is that of the name's extension. With ETag and Last-Modified; conditional requests
/// and ranges are answered with 304, 206, 412 and 416. Up to 64 KiB are read at once, more as the
/// client takes it; a file that shrinks meanwhile cuts the connection. What may block is done by the
/// pool of `ctx.blocking`. error: `not_found` when there is no regular file, `forbidden` when the
/// node may not read it, `unavailable` when the pool is full.
task<response> file(context& ctx, const request& req, std::filesystem::path path,
                    file_options how = {});

} // namespace troupe
