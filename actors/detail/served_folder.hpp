#pragma once

#include "actors/detail/file_descriptor.hpp"
#include "actors/detail/file_response.hpp"
#include "actors/files.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::detail {

/// A folder whose files are answered with: route_methods::files. Any thread.
class served_folder {
public:
  /// Opens it, to stay with this folder whatever happens to its name.
  served_folder(const std::filesystem::path& directory, file_options how);

  /// Why it cannot be used; empty: it can.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

  /// What answers for a path.
  struct found {
    ready_file what;
    std::string path;   ///< of the file, beneath the folder
    bool entry = false; ///< it is an index or the fallback
  };

  /// `path` is decoded, without a slash in front; empty: the folder itself. `read`: the content of
  /// small files, too. Blocks. REQUIRES: no problem.
  [[nodiscard]] found find(const std::string& path, bool read) const;

  [[nodiscard]] const file_options& options() const noexcept { return how_; }

private:
  file_options how_;
  file_descriptor directory_;
  std::string problem_;
};

/// Answers a request with the path parameter "path".
task<response> serve(std::shared_ptr<const served_folder> from, context& ctx, const request& req);

/// 308 to the same path with a slash behind it, the query kept.
task<response> redirect_to_folder(context& ctx, const request& req);

} // namespace troupe::detail
