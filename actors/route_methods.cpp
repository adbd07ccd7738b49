#include "actors/route_methods.hpp"

#include "actors/route_group.hpp"
#include "actors/service.hpp"

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
Self& route_methods<Self>::group(std::string_view prefix,
                                 const std::function<void(route_group&)>& fill,
                                 source_location place) {
  self().enter(prefix, fill, place);
  return self();
}

template class route_methods<service>;
template class route_methods<route_group>;

} // namespace troupe
