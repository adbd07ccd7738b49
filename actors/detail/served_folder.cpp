#include "actors/detail/served_folder.hpp"

#include "actors/context.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

using outcome = opened_file::outcome;

bool names_folder(std::string_view path) noexcept {
  return path.empty() || path.back() == '/';
}

std::string_view last_segment(std::string_view path) noexcept {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

/// Whether the fallback may answer for the path: not for "..", hidden files, and what looks like
/// the name of a file.
bool may_fall_back(std::string_view path) noexcept {
  return !path.starts_with('.') && path.find("/.") == std::string_view::npos
         && last_segment(path).find('.') == std::string_view::npos;
}

/// The path as received, without what would make it name another host: "//host/..".
std::string own_path(const request& req) {
  const auto path = req.path();
  const auto begin = path.find_first_not_of("/\\");
  return begin == std::string_view::npos ? "/" : "/" + std::string{path.substr(begin)};
}

response redirection(const request& req) {
  auto to = own_path(req) + "/";
  if (req.target.size() > req.path_size)
    to += req.target.substr(req.path_size); // with its '?'
  return status(308).with_header("Location", to);
}

std::string why_not(const std::filesystem::path& directory, int error) {
  auto out = "the folder \"" + directory.string() + "\"";
  if (directory.is_relative()) {
    std::error_code ignored;
    out += " (looked for from " + std::filesystem::current_path(ignored).string() + ")";
  }
  return out + " cannot be opened: " + std::generic_category().message(error);
}

} // namespace

served_folder::served_folder(const std::filesystem::path& directory, file_options how)
  : how_(std::move(how)),
    directory_(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!directory_)
    problem_ = why_not(directory, errno);
}

served_folder::found served_folder::find(const std::string& path, bool read) const {
  found out;
  out.path = names_folder(path) ? path + how_.index : path;
  out.entry = !how_.index.empty() && last_segment(out.path) == how_.index;
  auto& opened = out.what.file;
  if (!names_folder(out.path))
    opened = open_beneath(directory_.get(), out.path, {.hidden = how_.hidden});
  if (opened.result == outcome::directory && names_folder(path))
    opened.result = outcome::not_found; // an index that is a folder
  if (opened.result == outcome::not_found && !how_.fallback.empty() && may_fall_back(path)) {
    out.path = how_.fallback;
    opened = open_beneath(directory_.get(), out.path, {.hidden = true});
    if (opened.result == outcome::directory)
      opened.result = outcome::not_found;
  }
  out.entry = out.entry || out.path == how_.fallback;
  out.what = read_small(std::move(out.what), read);
  return out;
}

task<response> serve(std::shared_ptr<const served_folder> from, context& ctx, const request& req) {
  auto find = [from, path = req.param<std::string>("path"), read = wants_whole(req)] {
    return from->find(path, read);
  };
  auto found = co_await ctx.blocking(std::move(find));
  if (found.what.file.result == outcome::directory)
    co_return redirection(req);
  check_opened(found.what.file, found.path);
  const auto& how = from->options();
  file_fields fields{std::string{last_segment(found.path)}, cache_control(how, found.entry),
                     how.download};
  co_return co_await file_response(ctx, req, std::move(found.what), std::move(fields));
}

task<response> redirect_to_folder(context&, const request& req) {
  co_return redirection(req);
}

} // namespace troupe::detail
