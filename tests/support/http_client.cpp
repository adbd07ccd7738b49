#include "tests/support/http_client.hpp"

namespace troupe::test {

std::string to_bytes(const http_request& request) {
  auto bytes = request.method + " " + request.target + " HTTP/1.1\r\nHost: test\r\n";
  for (const auto& [name, value] : request.headers)
    bytes.append(name).append(": ").append(value).append("\r\n");
  if (request.body)
    bytes.append("Content-Length: ").append(std::to_string(request.body->size())).append("\r\n");
  return bytes.append("\r\n").append(request.body.value_or(""));
}

http_response http_client::send(const http_request& request) {
  if (!connection_ && tls_)
    connection_.emplace(port_, *tls_, limit_);
  else if (!connection_)
    connection_.emplace(port_, limit_);
  try {
    auto response = connection_->exchange(to_bytes(request), request.method == "HEAD");
    if (response.header("Connection") == "close")
      connection_.reset();
    return response;
  } catch (const connection_error&) {
    connection_.reset();
    throw;
  }
}

http_response http_client::get(std::string_view target) {
  return send({"GET", std::string{target}, {}, {}});
}

http_response http_client::head(std::string_view target) {
  return send({"HEAD", std::string{target}, {}, {}});
}

http_response http_client::remove(std::string_view target) {
  return send({"DELETE", std::string{target}, {}, {}});
}

http_response http_client::post(std::string_view target) {
  return send({"POST", std::string{target}, {}, {}});
}

http_response http_client::post(std::string_view target, const nlohmann::json& body) {
  return post_text(target, body.dump(), "application/json");
}

http_response http_client::put(std::string_view target, const nlohmann::json& body) {
  return send({"PUT", std::string{target}, body.dump(), {{"Content-Type", "application/json"}}});
}

http_response http_client::post_text(std::string_view target, std::string_view body,
                                     std::string_view content_type) {
  return send({"POST",
               std::string{target},
               std::string{body},
               {{"Content-Type", std::string{content_type}}}});
}

http_response get(std::uint16_t port, std::string_view target) {
  http_client client{port};
  return client.get(target);
}

} // namespace troupe::test
