#include "actors/detail/media_types.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace troupe::detail {
namespace {

TEST(a_media_type, follows_from_the_extension) {
  const std::pair<const char*, const char*> cases[] = {
    {"index.html", "text/html; charset=utf-8"},
    {"app.js", "text/javascript; charset=utf-8"},
    {"app.min.mjs", "text/javascript; charset=utf-8"},
    {"style.css", "text/css; charset=utf-8"},
    {"notes.txt", "text/plain; charset=utf-8"},
    {"data.json", "application/json"},
    {"app.js.map", "application/json"},
    {"module.wasm", "application/wasm"},
    {"logo.svg", "image/svg+xml"},
    {"photo.JPEG", "image/jpeg"},
    {"Photo.PnG", "image/png"},
    {"font.woff2", "font/woff2"},
    {"film.mp4", "video/mp4"},
    {"paper.pdf", "application/pdf"},
    {"source.tar.gz", "application/gzip"},
    {"folder.d/page.htm", "text/html; charset=utf-8"},
    {".hidden.html", "text/html; charset=utf-8"},
  };
  for (const auto& [name, type] : cases)
    EXPECT_EQ(media_type_of(name), type) << name;
}

TEST(a_media_type, is_that_of_bytes_when_nothing_is_known) {
  for (const char* name : {"", ".", "html", "README", ".html", "folder/.html", "folder.html/file",
                           "page.html.", "page.htmlx", "page.unknown", "page. html", "page.htm/"})
    EXPECT_EQ(media_type_of(name), "application/octet-stream") << name;
}

} // namespace
} // namespace troupe::detail
