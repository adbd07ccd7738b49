#include "gateway/detail/websocket_extensions.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {
namespace {

std::string answer_to(std::string_view offers) {
  const auto terms = agree_on_deflate(offers);
  return terms ? to_field(*terms) : "none";
}

TEST(WebsocketExtensions, AgreesOnTheFirstOfferThatCanBeMet) {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"permessage-deflate", "permessage-deflate; server_max_window_bits=12"},
    {"Permessage-Deflate", "permessage-deflate; server_max_window_bits=12"},
    {"permessage-deflate; client_max_window_bits", "permessage-deflate; server_max_window_bits=12"},
    {"permessage-deflate;client_max_window_bits=10",
     "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10"},
    {"permessage-deflate; client_max_window_bits=\"8\"",
     "permessage-deflate; server_max_window_bits=12; client_max_window_bits=8"},
    {"permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=12"},
    {"permessage-deflate; server_max_window_bits = 9", "permessage-deflate; server_max_window_bits=9"},
    {"permessage-deflate; server_no_context_takeover",
     "permessage-deflate; server_no_context_takeover; server_max_window_bits=12"},
    {"permessage-deflate; client_no_context_takeover; server_no_context_takeover",
     "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12"},
    {"x-webkit-deflate-frame, permessage-deflate", "permessage-deflate; server_max_window_bits=12"},
    {"other; text=\"a, permessage-deflate; \\\" b\", permessage-deflate; server_max_window_bits=10",
     "permessage-deflate; server_max_window_bits=10"},
    {"permessage-deflate; server_max_window_bits=8, permessage-deflate",
     "permessage-deflate; server_max_window_bits=12"},
    {"permessage-deflate; unknown, permessage-deflate; server_max_window_bits=11, permessage-deflate",
     "permessage-deflate; server_max_window_bits=11"},
    {", ,permessage-deflate,", "permessage-deflate; server_max_window_bits=12"},
  };
  for (const auto& [offers, answer] : cases)
    EXPECT_EQ(answer_to(offers), answer) << offers;
}

TEST(WebsocketExtensions, DeclinesWhatItCannotMeetOrDoesNotKnow) {
  for (const char* offers :
       {"", ",", "permessage-bzip2", "permessage-deflate2", "\"permessage-deflate\"", "permessage-deflate; unknown",
        "permessage-deflate; unknown=1", "permessage-deflate;;", "permessage-deflate; =10",
        "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=+9", "permessage-deflate; server_max_window_bits=1 2",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=", "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16", "permessage-deflate; client_max_window_bits=ten",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_no_context_takeover=",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; CLIENT_no_context_takeover",
        "other; text=\"a, permessage-deflate", "other; text=\"a\\"})
    EXPECT_EQ(answer_to(offers), "none") << offers;
}

} // namespace
} // namespace troupe::gateway
