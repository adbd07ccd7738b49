#include "gateway/detail/websocket_handshake.hpp"

#include "actors/messages/quoted.hpp"
#include "gateway/detail/characters.hpp"
#include "gateway/detail/problem.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace troupe::gateway {

namespace {

constexpr std::string_view version = "13";

/// 16 bytes in base64.
bool is_key(std::string_view text) noexcept {
  return text.size() == 24 && text.ends_with("==")
         && std::all_of(text.begin(), text.end() - 2, [](char c) {
              return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/';
            });
}

/// A page of the host that it asks, or one that may.
bool is_welcome(std::string_view origin, const request& what, const config::http_settings& settings) {
  const auto behind_scheme = origin.find("://");
  if (behind_scheme != std::string_view::npos
      && equals_ignore_case(origin.substr(behind_scheme + 3), what.host()))
    return true;
  return std::any_of(settings.websocket_origins.begin(), settings.websocket_origins.end(),
                     [&](const std::string& each) {
                       return each == "*" || equals_ignore_case(each, origin);
                     });
}

/// That the server has understood what it was asked (RFC 6455, 4.2.2).
std::string accept_of(const std::string& key) {
  const auto text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> out{}; // base64, and a zero
  const auto size = EVP_EncodeBlock(out.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(size)};
}

} // namespace

websocket_handshake take_handshake(const request& what) {
  websocket_handshake out;
  for (std::size_t i = 0; i < what.headers.size(); ++i) {
    const auto [name, value] = what.headers[i];
    if (equals_ignore_case(name, "Sec-WebSocket-Key"))
      out.key = value;
    else if (equals_ignore_case(name, "Sec-WebSocket-Extensions"))
      out.extensions.append(out.extensions.empty() ? "" : ", ").append(value);
  }
  return out;
}

std::optional<response> refuse_handshake(const request& what, bool wants_websocket,
                                         const config::http_settings& settings) {
  if (!wants_websocket)
    return problem({errc::upgrade_required, "the path is a WebSocket's"}, what.id);
  if (what.header("Sec-WebSocket-Version") != version)
    return problem({errc::upgrade_required, "the only version of WebSocket is 13"}, what.id)
      .with_header("Sec-WebSocket-Version", version);
  if (const auto key = what.header("Sec-WebSocket-Key").value_or(""); !is_key(key))
    return problem({errc::invalid_argument, "Sec-WebSocket-Key is " + detail::quoted(key)
                                              + ", expected 16 bytes in base64"},
                   what.id);
  if (const auto origin = what.header("Origin"); origin && !is_welcome(*origin, what, settings))
    return problem({errc::forbidden, "pages of the origin " + detail::quoted(*origin)
                                       + " may not open this WebSocket"},
                   what.id);
  return std::nullopt;
}

std::string answer_handshake(const websocket_handshake& what, const response& head,
                             const std::optional<deflate_terms>& terms, std::string_view date) {
  std::string out{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"};
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  add("Sec-WebSocket-Accept", accept_of(what.key));
  if (terms)
    add("Sec-WebSocket-Extensions", to_field(*terms));
  if (const auto protocol = head.headers.find("Sec-WebSocket-Protocol").value_or(""); is_token(protocol))
    add("Sec-WebSocket-Protocol", protocol);
  add("Server", "troupe");
  add("Date", date);
  return out.append("\r\n");
}

} // namespace troupe::gateway
