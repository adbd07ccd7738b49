#include "actors/detail/media_types.hpp"

#include "actors/messages/header_list.hpp"

#include <algorithm>
#include <array>

namespace troupe::detail {

namespace {

struct known {
  std::string_view extension;
  std::string_view type;
};

constexpr std::array types{
  // pages and what they are made of
  known{"html", "text/html; charset=utf-8"},
  known{"htm", "text/html; charset=utf-8"},
  known{"css", "text/css; charset=utf-8"},
  known{"js", "text/javascript; charset=utf-8"},
  known{"mjs", "text/javascript; charset=utf-8"},
  known{"json", "application/json"},
  known{"map", "application/json"},
  known{"wasm", "application/wasm"},
  known{"webmanifest", "application/manifest+json"},
  known{"xhtml", "application/xhtml+xml"},
  // images
  known{"apng", "image/apng"},
  known{"avif", "image/avif"},
  known{"bmp", "image/bmp"},
  known{"gif", "image/gif"},
  known{"ico", "image/vnd.microsoft.icon"},
  known{"jpeg", "image/jpeg"},
  known{"jpg", "image/jpeg"},
  known{"png", "image/png"},
  known{"svg", "image/svg+xml"},
  known{"tif", "image/tiff"},
  known{"tiff", "image/tiff"},
  known{"webp", "image/webp"},
  // fonts
  known{"eot", "application/vnd.ms-fontobject"},
  known{"otf", "font/otf"},
  known{"ttf", "font/ttf"},
  known{"woff", "font/woff"},
  known{"woff2", "font/woff2"},
  // text
  known{"csv", "text/csv; charset=utf-8"},
  known{"ics", "text/calendar; charset=utf-8"},
  known{"log", "text/plain; charset=utf-8"},
  known{"md", "text/markdown; charset=utf-8"},
  known{"txt", "text/plain; charset=utf-8"},
  known{"vtt", "text/vtt; charset=utf-8"},
  known{"atom", "application/atom+xml"},
  known{"geojson", "application/geo+json"},
  known{"jsonld", "application/ld+json"},
  known{"rss", "application/rss+xml"},
  known{"toml", "application/toml"},
  known{"xml", "application/xml"},
  known{"yaml", "application/yaml"},
  known{"yml", "application/yaml"},
  // sound and film
  known{"aac", "audio/aac"},
  known{"flac", "audio/flac"},
  known{"m3u8", "application/vnd.apple.mpegurl"},
  known{"m4a", "audio/mp4"},
  known{"mp3", "audio/mpeg"},
  known{"oga", "audio/ogg"},
  known{"ogg", "audio/ogg"},
  known{"opus", "audio/ogg"},
  known{"wav", "audio/wav"},
  known{"weba", "audio/webm"},
  known{"avi", "video/x-msvideo"},
  known{"m4v", "video/mp4"},
  known{"mov", "video/quicktime"},
  known{"mp4", "video/mp4"},
  known{"mpeg", "video/mpeg"},
  known{"ogv", "video/ogg"},
  known{"ts", "video/mp2t"},
  known{"webm", "video/webm"},
  // documents
  known{"doc", "application/msword"},
  known{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
  known{"epub", "application/epub+zip"},
  known{"odp", "application/vnd.oasis.opendocument.presentation"},
  known{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
  known{"odt", "application/vnd.oasis.opendocument.text"},
  known{"pdf", "application/pdf"},
  known{"ppt", "application/vnd.ms-powerpoint"},
  known{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
  known{"rtf", "application/rtf"},
  known{"xls", "application/vnd.ms-excel"},
  known{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
  // archives
  known{"7z", "application/x-7z-compressed"},
  known{"bz2", "application/x-bzip2"},
  known{"gz", "application/gzip"},
  known{"jar", "application/java-archive"},
  known{"tar", "application/x-tar"},
  known{"tgz", "application/gzip"},
  known{"xz", "application/x-xz"},
  known{"zip", "application/zip"},
  known{"zst", "application/zstd"},
};

/// Without its dot; empty when there is none.
std::string_view extension_of(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1); // npos + 1: from the beginning
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view{} : name.substr(dot + 1);
}

} // namespace

std::string_view media_type_of(std::string_view name) noexcept {
  const auto extension = extension_of(name);
  const auto found = std::ranges::find_if(
    types, [&](const known& each) { return equals_ignore_case(each.extension, extension); });
  return found == types.end() ? "application/octet-stream" : found->type;
}

} // namespace troupe::detail
