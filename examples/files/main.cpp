// A static front end, a route that takes uploads, and one that gives them back. Start it where the
// folder www is: cd examples/files && ../../build/release/bin/files
#include <troupe/troupe.hpp>

#include <cstdlib>
#include <filesystem>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::filesystem::path folder(const char* variable, const char* otherwise) {
  const char* set = std::getenv(variable);
  return set != nullptr ? set : otherwise;
}

const std::filesystem::path pages = folder("FILES_WWW", "www");
const std::filesystem::path uploads = folder("FILES_UPLOADS", "uploads");

// Files get numbers for names: what clients call them is never used as a path.
std::filesystem::path place_of(std::uint64_t request, std::uint64_t part) {
  return uploads / (std::to_string(request) + "-" + std::to_string(part));
}

task<response> upload(context& ctx, const request& req, body_stream body) {
  auto saved = nlohmann::json::array();
  multipart_reader form{req, body};
  while (auto part = co_await form.next_part()) {
    if (!part->filename || part->filename->empty())
      continue; // another field, or one in which no file was chosen: passed over
    const auto size = co_await form.save_to(ctx, place_of(req.id, saved.size()), 1'000'000'000);
    const auto url = "/uploads/" + std::to_string(req.id) + "/" + std::to_string(saved.size());
    saved.push_back({{"name", *part->filename}, {"size", size}, {"url", url}});
  }
  co_return json(saved).with_status(201);
}

task<response> download(context& ctx, const request& req) {
  const auto place =
      place_of(req.param<std::uint64_t>("request"), req.param<std::uint64_t>("part"));
  co_return co_await file(ctx, req, place, {.download = true});
}

} // namespace

int main(int argc, char** argv) {
  std::filesystem::create_directories(uploads);
  return run(argc, argv,
             {service("uploads")
                  .post("/uploads", upload, body_limit::none())
                  .get("/uploads/{request:uint}/{part:uint}", download),
              service("pages").files("/", pages, {.fallback = "index.html", .max_age = 1h})});
}
