#include "actors/messages/quoted.hpp"

#include <cstddef>

namespace troupe::detail {

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 64;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out{'"'};
  for (auto c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out.append("\\x").append({digits[byte >> 4], digits[byte & 15]});
    else
      out.push_back(c);
  }
  return out + (text.size() > longest ? "...\"" : "\"");
}

} // namespace troupe::detail
