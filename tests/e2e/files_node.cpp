// A node that serves the files of the folder FILES and saves uploads into the folder UPLOADS.
#include <troupe/troupe.hpp>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

using namespace troupe;
using namespace std::chrono_literals;

std::filesystem::path folder(const char* variable) {
  const char* set = std::getenv(variable);
  return set != nullptr ? set : "";
}

std::filesystem::path next_upload() {
  static std::atomic<int> made{0};
  return folder("UPLOADS") / std::to_string(++made);
}

/// Saves every part that has a filename, and tells of each what came.
task<response> upload(context& ctx, const request& req, body_stream body) {
  const auto limit = req.query<std::uint64_t>("limit", ~std::uint64_t{0});
  multipart_reader form{req, body};
  auto parts = nlohmann::json::array();
  while (auto part = co_await form.next_part()) {
    nlohmann::json about{{"name", part->name}, {"type", part->content_type}};
    if (part->filename) {
      const auto path = next_upload();
      about["filename"] = *part->filename;
      about["size"] = co_await form.save_to(ctx, path, limit);
      about["saved_as"] = path.filename().string();
    } else {
      about["text"] = co_await form.text(100);
    }
    parts.push_back(std::move(about));
  }
  co_return json(parts);
}

/// Of a body that is there as a whole: reads each part by pieces, or passes over those named
/// "skip".
task<response> whole_form(context&, const request& req) {
  multipart_reader form{req};
  std::string out;
  while (auto part = co_await form.next_part()) {
    out += part->name + "=";
    if (part->name != "skip")
      while (auto piece = co_await form.read())
        out += *piece;
    out += ";";
  }
  co_return text(out);
}

/// Saves twice under the same name.
task<response> save_twice(context& ctx, const request& req, body_stream body) {
  multipart_reader form{req, body};
  const auto path = next_upload();
  while (co_await form.next_part())
    static_cast<void>(co_await form.save_to(ctx, path));
  co_return status(204);
}

task<response> named(context& ctx, const request& req) {
  co_return co_await file(ctx, req, folder("FILES") / req.query<std::string>("name"),
                          {.max_age = 1min, .download = true});
}

} // namespace

int main(int argc, char** argv) {
  const auto files = folder("FILES");
  return run(
      argc, argv,
      {service("files")
           .files("/static/", files, {.max_age = 1h})
           .files("/all", files, {.index = "", .hidden = true})
           .files("/app", files, {.fallback = "index.html"})
           .group("/group", [&](route_group& group) { group.files("", files, {.download = true}); })
           .get("/named", named)
           .post("/upload", upload, body_limit::none())
           .post("/whole-form", whole_form)
           .post("/save-twice", save_twice, body_limit::none())});
}
