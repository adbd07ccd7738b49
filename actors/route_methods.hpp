#pragma once

#include "actors/files.hpp"
#include "actors/handler.hpp"
#include "actors/messages/http_method.hpp"

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <source_location>
#include <string_view>

namespace troupe {

class route_group;
class service;

/// The ways to add a route that a service and a group of its routes have in common. `place` is the
/// author's line: what is wrong with a route is told with it when the node starts.
template <class Self>
class route_methods {
public:
  using source_location = std::source_location;

  Self& get(std::string_view pattern, handler handle,
            source_location place = source_location::current());
  Self& post(std::string_view pattern, handler handle, body_limit limit = {},
             source_location place = source_location::current());
  Self& put(std::string_view pattern, handler handle, body_limit limit = {},
            source_location place = source_location::current());
  Self& patch(std::string_view pattern, handler handle, body_limit limit = {},
              source_location place = source_location::current());
  Self& delete_(std::string_view pattern, handler handle,
                source_location place = source_location::current());

  Self& add(http_method method, std::string_view pattern, handler handle, body_limit limit = {},
            source_location place = source_location::current());

  // For handlers that take the body as it arrives (actors/body_stream.hpp).

  Self& post(std::string_view pattern, streaming_handler handle, body_limit limit = {},
             source_location place = source_location::current());
  Self& put(std::string_view pattern, streaming_handler handle, body_limit limit = {},
            source_location place = source_location::current());
  Self& patch(std::string_view pattern, streaming_handler handle, body_limit limit = {},
              source_location place = source_location::current());
  Self& add(http_method method, std::string_view pattern, streaming_handler handle,
            body_limit limit = {}, source_location place = source_location::current());

  /// A GET that becomes a WebSocket (actors/websocket.hpp); without a handshake it is answered with 426.
  /// Browsers' handshakes from pages of other origins are refused with 403, except for
  /// http.websocket_origins.
  Self& websocket(std::string_view pattern, websocket_handler handle,
                  source_location place = source_location::current());

  /// A route for each of the methods, with a copy of the handler for each.
  Self& add(std::initializer_list<http_method> methods, std::string_view pattern,
            const handler& handle, source_location place = source_location::current());

  /// The same for every method that has no route of its own in the service with this pattern,
  /// whether that is added before or after. HEAD goes where GET goes.
  Self& any(std::string_view pattern, const handler& handle,
            source_location place = source_location::current());

  /// GET of `prefix` and of all that is beneath it: the files beneath `directory`, as
  /// actors/files.hpp says. With "/" it answers for every path that no other route matches.
  ///
  ///     service("site").files("/", "dist", {.fallback = "index.html", .max_age = 1h});
  ///
  /// Clients cannot leave the folder: not by "..", however it is written, nor by symbolic links that
  /// lead out. A path that ends with '/' is answered with the folder's index; a folder without the
  /// '/' redirects to it (308). 404: what does not exist, what is no regular file, what is hidden.
  ///
  /// A relative `directory` is looked for from the node's working directory, once: when it is not
  /// there now, `check_services` says so. It stays that folder when another one takes its name later;
  /// files in it may come and go at any time, whole ones by renaming them into place.
  Self& files(std::string_view prefix, const std::filesystem::path& directory,
              file_options how = {}, source_location place = source_location::current());

  /// `fill` adds routes whose patterns continue `prefix`, which begins with '/' and does not end
  /// with it. An empty pattern is the prefix itself. Groups may stand in groups.
  ///
  ///     service("shop").group("/api/v1", [](route_group& api) {
  ///       api.get("/orders/{id:int}", show_order);
  ///       api.group("/admin", [](route_group& admin) { admin.get("", overview); });
  ///     });
  Self& group(std::string_view prefix, const std::function<void(route_group&)>& fill,
              source_location place = source_location::current());

protected:
  route_methods() = default; // a base only

  /// What is given for a route.
  struct entry {
    http_method method;
    std::string_view pattern;
    any_handler action;
    body_limit limit;
    source_location place;
    bool gives_way = false; // of any(): to a route of the method's own
  };

private:
  Self& self() noexcept { return static_cast<Self&>(*this); }
};

extern template class route_methods<service>;
extern template class route_methods<route_group>;

} // namespace troupe
