#include "actors/route_methods.hpp"

#include "actors/detail/served_folder.hpp"
#include "actors/route_group.hpp"
#include "actors/service.hpp"

#include <concepts>
#include <memory>
#include <string>

namespace troupe {

template <class Self>
Self& route_methods<Self>::get(std::string_view pattern, handler handle, source_location place) {
  return add(http_method::get, pattern, std::move(handle), {}, place);
}

template <class Self>
Self& route_methods<Self>::post(std::string_view pattern, handler handle, body_limit limit,
                                source_location place) {
  return add(http_method::post, pattern, std::move(handle), limit, place);
}

template <class Self>
Self& route_methods<Self>::put(std::string_view pattern, handler handle, body_limit limit,
                               source_location place) {
  return add(http_method::put, pattern, std::move(handle), limit, place);
}

template <class Self>
Self& route_methods<Self>::patch(std::string_view pattern, handler handle, body_limit limit,
                                 source_location place) {
  return add(http_method::patch, pattern, std::move(handle), limit, place);
}

template <class Self>
Self& route_methods<Self>::delete_(std::string_view pattern, handler handle,
                                   source_location place) {
  return add(http_method::delete_, pattern, std::move(handle), {}, place);
}

template <class Self>
Self& route_methods<Self>::add(http_method method, std::string_view pattern, handler handle,
                               body_limit limit, source_location place) {
  self().insert({method, pattern, std::move(handle), limit, place});
  return self();
}

template <class Self>
Self& route_methods<Self>::post(std::string_view pattern, streaming_handler handle,
                                body_limit limit, source_location place) {
  return add(http_method::post, pattern, std::move(handle), limit, place);
}

template <class Self>
Self& route_methods<Self>::put(std::string_view pattern, streaming_handler handle,
                               body_limit limit, source_location place) {
  return add(http_method::put, pattern, std::move(handle), limit, place);
}

template <class Self>
Self& route_methods<Self>::patch(std::string_view pattern, streaming_handler handle,
                                 body_limit limit, source_location place) {
  return add(http_method::patch, pattern, std::move(handle), limit, place);
}

template <class Self>
Self& route_methods<Self>::add(http_method method, std::string_view pattern,
                               streaming_handler handle, body_limit limit, source_location place) {
  self().insert({method, pattern, std::move(handle), limit, place});
  return self();
}

template <class Self>
Self& route_methods<Self>::websocket(std::string_view pattern, websocket_handler handle,
                                     source_location place) {
  self().insert({http_method::get, pattern, std::move(handle), {}, place});
  return self();
}

template <class Self>
Self& route_methods<Self>::add(std::initializer_list<http_method> methods, std::string_view pattern,
                               const handler& handle, source_location place) {
  for (auto each : methods)
    self().insert({each, pattern, handle, {}, place});
  return self();
}

template <class Self>
Self& route_methods<Self>::any(std::string_view pattern, const handler& handle,
                               source_location place) {
  using enum http_method;
  for (auto each : {get, post, put, delete_, patch, options})
    self().insert({each, pattern, handle, {}, place, true});
  return self();
}

template <class Self>
Self& route_methods<Self>::files(std::string_view prefix, const std::filesystem::path& directory,
                                 file_options how, source_location place) {
  std::string pattern{prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix};
  const auto served = std::make_shared<const detail::served_folder>(directory, std::move(how));
  const auto wrong =
    pattern.empty() || pattern.front() == '/' ? served->problem() : "a prefix begins with /";
  if (!wrong.empty()) {
    self().problem("files at \"" + std::string{prefix} + "\": " + wrong, place);
    return self();
  }
  // In a service "" is no pattern: its "/" is a path beneath the prefix.
  if (!pattern.empty() || std::same_as<Self, route_group>)
    get(pattern, detail::redirect_to_folder, place);
  pattern += "/{path...}";
  return get(pattern, [served](context& ctx, const request& req) {
    return detail::serve(served, ctx, req);
  }, place);
}

template <class Self>
Self& route_methods<Self>::group(std::string_view prefix,
                                 const std::function<void(route_group&)>& fill,
                                 source_location place) {
  self().enter(prefix, fill, place);
  return self();
}

template class route_methods<service>;
template class route_methods<route_group>;

} // namespace troupe
