#include "actors/notification.hpp"

#include "actors/messages/errc.hpp"
#include "actors/messages/quoted.hpp"
#include "config/detail/utf8.hpp"

namespace troupe::detail {

namespace {

[[noreturn]] void refuse(const std::string& what, const char* why) {
  throw error{errc::invalid_argument, what + ' ' + why};
}

void check_text(const std::string& what, std::string_view text, std::size_t longest) {
  if (text.size() > longest)
    throw error{errc::invalid_argument, what + " has " + std::to_string(text.size()) + " bytes, "
                                          + std::to_string(longest) + " are the most"};
  while (!text.empty()) {
    if (text.front() == '\0')
      refuse(what, "holds a NUL character");
    const auto size = config::detail::character_length(text);
    if (size == 0)
      refuse(what, "is not valid UTF-8");
    text.remove_prefix(size);
  }
}

} // namespace

void check_channel(std::string_view name) {
  if (name.empty())
    refuse("the name of a channel", "is empty");
  check_text("the name of a channel", name, longest_channel_name);
}

void check_payload(std::string_view channel, std::string_view payload) {
  check_text("what is notified on channel " + quoted(channel), payload, longest_payload);
}

} // namespace troupe::detail
