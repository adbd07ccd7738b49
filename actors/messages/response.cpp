#include "actors/messages/response.hpp"

#include <nlohmann/json.hpp>

namespace troupe {

namespace {

response with_type(std::string_view type, std::string body) {
  response out;
  out.headers.add("Content-Type", type);
  out.body = std::move(body);
  return out;
}

} // namespace

response text(std::string body) {
  return with_type("text/plain; charset=utf-8", std::move(body));
}

response html(std::string body) {
  return with_type("text/html; charset=utf-8", std::move(body));
}

response json(const nlohmann::json& value) {
  // Text from a database need not be UTF-8: a replacement character beats an exception here.
  return json_body(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

response json_body(std::string body) {
  return with_type("application/json", std::move(body));
}

response status(std::uint16_t code) {
  response out;
  out.status = code;
  return out;
}

std::string_view reason_phrase(std::uint16_t status) noexcept {
  switch (status) {
  case 100: return "Continue";
  case 101: return "Switching Protocols";
  case 200: return "OK";
  case 201: return "Created";
  case 202: return "Accepted";
  case 203: return "Non-Authoritative Information";
  case 204: return "No Content";
  case 205: return "Reset Content";
  case 206: return "Partial Content";
  case 300: return "Multiple Choices";
  case 301: return "Moved Permanently";
  case 302: return "Found";
  case 303: return "See Other";
  case 304: return "Not Modified";
  case 307: return "Temporary Redirect";
  case 308: return "Permanent Redirect";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 402: return "Payment Required";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 406: return "Not Acceptable";
  case 408: return "Request Timeout";
  case 409: return "Conflict";
  case 410: return "Gone";
  case 411: return "Length Required";
  case 412: return "Precondition Failed";
  case 413: return "Content Too Large";
  case 414: return "URI Too Long";
  case 415: return "Unsupported Media Type";
  case 416: return "Range Not Satisfiable";
  case 417: return "Expectation Failed";
  case 422: return "Unprocessable Content";
  case 426: return "Upgrade Required";
  case 428: return "Precondition Required";
  case 429: return "Too Many Requests";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 501: return "Not Implemented";
  case 502: return "Bad Gateway";
  case 503: return "Service Unavailable";
  case 504: return "Gateway Timeout";
  case 505: return "HTTP Version Not Supported";
  default: return "Unknown";
  }
}

} // namespace troupe
