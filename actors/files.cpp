#include "actors/files.hpp"

#include "actors/context.hpp"
#include "actors/detail/file_response.hpp"

#include <utility>

namespace troupe {

task<response> file(context& ctx, const request& req, std::filesystem::path path,
                    file_options how) {
  const bool read = detail::wants_whole(req);
  auto opened = co_await ctx.blocking([path, read] {
    return detail::read_small({detail::open_named(path), {}}, read);
  });
  detail::check_opened(opened.file, path);
  detail::file_fields fields{path.filename().string(), detail::cache_control(how, false),
                             how.download};
  co_return co_await detail::file_response(ctx, req, std::move(opened), std::move(fields));
}

} // namespace troupe
