#include "tests/support/websocket_client.hpp"

#include <algorithm>

namespace troupe::test {

namespace {

constexpr std::string_view mask = "\x12\x34\x56\x78";

unsigned byte(char c) { return static_cast<unsigned char>(c); }

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i)
    out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::uint64_t to_value(std::string_view bytes) {
  std::uint64_t out = 0;
  for (auto c : bytes)
    out = out << 8 | byte(c);
  return out;
}

} // namespace

std::string frame_bytes(const websocket_frame& what) {
  std::string out;
  out += static_cast<char>((what.last ? 0x80U : 0U) | what.reserved << 4 | what.opcode);
  const auto masked = what.masked ? 0x80U : 0U;
  const auto size = what.data.size();
  if (size < 126)
    out += static_cast<char>(masked | size);
  else if (size < 65536)
    out += static_cast<char>(masked | 126) + number(size, 2);
  else
    out += static_cast<char>(masked | 127) + number(size, 8);
  auto data = what.data;
  if (what.masked) {
    out += mask;
    for (std::size_t i = 0; i < data.size(); ++i)
      data[i] = static_cast<char>(byte(data[i]) ^ byte(mask[i % 4]));
  }
  return out + data;
}

std::string handshake(std::string_view target,
                      const std::vector<std::pair<std::string, std::string>>& headers) {
  std::vector<std::pair<std::string, std::string>> fields{
    {"Host", "test"},
    {"Connection", "Upgrade"},
    {"Upgrade", "websocket"},
    {"Sec-WebSocket-Version", "13"},
    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  for (const auto& each : headers) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const auto& field) { return field.first == each.first; });
    if (found != fields.end())
      found->second = each.second;
    else
      fields.push_back(each);
  }
  auto out = "GET " + std::string{target} + " HTTP/1.1\r\n";
  for (const auto& [name, value] : fields)
    if (!value.empty())
      out.append(name).append(": ").append(value).append("\r\n");
  return out + "\r\n";
}

std::string close_data(std::uint16_t code) {
  return number(code, 2);
}

websocket_client::websocket_client(http_connection on, std::string_view target, const fields& headers)
  : connection_(std::move(on)) {
  connection_.send(handshake(target, headers));
  answer_ = connection_.read();
}

void websocket_client::send(const websocket_frame& what) {
  connection_.send(frame_bytes(what));
}

void websocket_client::send_close(std::uint16_t code) {
  send({opcode_close, close_data(code)});
}

websocket_frame websocket_client::read() {
  const auto head = connection_.read_bytes(2);
  websocket_frame out;
  out.last = (byte(head[0]) & 0x80U) != 0;
  out.reserved = byte(head[0]) >> 4 & 7U;
  out.opcode = byte(head[0]) & 0xfU;
  out.masked = (byte(head[1]) & 0x80U) != 0;
  std::uint64_t size = byte(head[1]) & 0x7fU;
  if (size == 126)
    size = to_value(connection_.read_bytes(2));
  else if (size == 127)
    size = to_value(connection_.read_bytes(8));
  out.data = connection_.read_bytes(size);
  return out;
}

int websocket_client::read_close() {
  const auto frame = read();
  if (frame.opcode != opcode_close)
    return -1;
  return frame.data.size() < 2 ? 0 : static_cast<int>(to_value(frame.data.substr(0, 2)));
}

} // namespace troupe::test
