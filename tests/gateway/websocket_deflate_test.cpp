#include "gateway/detail/websocket_deflate.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

namespace troupe::gateway {
namespace {

using namespace std::string_literals;
using outcome = websocket_inflater::outcome;

constexpr std::size_t most = 256 * 1024;
const deflate_terms remembering{12, 0, false, false};
const deflate_terms forgetting{12, 0, true, true};

/// A message of one piece; none when it is refused.
std::optional<std::string> inflate(websocket_inflater& by, std::string_view data) {
  std::string out;
  if (by.add(data, out, most) != outcome::good || by.finish(out, most) != outcome::good)
    return std::nullopt;
  return out;
}

std::optional<std::string> inflate(std::string_view data) {
  websocket_inflater fresh{remembering};
  return inflate(fresh, data);
}

std::string deflate(websocket_deflater& by, std::string_view text) {
  std::string out;
  by.add(text, true, out);
  return out;
}

/// Text that repeats itself here and there.
std::string some_text(std::size_t size) {
  std::mt19937 numbers{static_cast<unsigned>(size)};
  std::string out;
  while (out.size() < size)
    out += numbers() % 3 == 0 ? out.substr(0, numbers() % 300) : "word " + std::to_string(numbers() % 1000);
  out.resize(size);
  return out;
}

// Sync-flushed blocks that are not final, as zlib makes them.
const std::string hello{"\xca\x48\xcd\xc9\xc9\x07\0", 7};
const std::string hello_again{"\x02\x13\0\0", 4}; // which refers to `hello`
const std::string final_hello{"\xf3\x48\xcd\xc9\xc9\x07\0\0", 8}; // RFC 7692, 7.2.3.4, of "Hello"

TEST(WebsocketDeflate, ComesBackAsItWas) {
  for (const auto& terms : {remembering, forgetting}) {
    websocket_deflater deflater{terms};
    websocket_inflater inflater{terms};
    for (const std::size_t size : {1, 2, 257, 4096, 16'383, 16'384, 16'385, 70'000, 200'000}) {
      const auto text = some_text(size);
      EXPECT_EQ(inflate(inflater, deflate(deflater, text)), text) << size;
    }
  }
}

TEST(WebsocketDeflate, ComesBackAsItWasWhenItGoesInPieces) {
  websocket_deflater deflater{remembering};
  websocket_inflater inflater{remembering};
  for (const auto& text : {some_text(150'000), std::string(200'000, 'a')}) {
    std::string data;
    for (std::size_t at = 0; at < text.size(); at += 65'536)
      deflater.add(std::string_view{text}.substr(at, 65'536), at + 65'536 >= text.size(), data);
    EXPECT_EQ(inflate(inflater, data), text);
  }
}

TEST(WebsocketDeflate, InflatesAMessageBehindOneOfAnySize) {
  websocket_deflater deflater{remembering};
  websocket_inflater inflater{remembering};
  for (std::size_t size = 1; size < 40'000; size += size < 1000 || (size > 16'000 && size < 17'000) ? 1 : 97) {
    ASSERT_EQ(inflate(inflater, deflate(deflater, std::string(size, 'a'))), std::string(size, 'a'));
    ASSERT_EQ(inflate(inflater, deflate(deflater, "hello")), "hello") << "behind " << size;
  }
}

TEST(WebsocketDeflate, InflatesTheSameWhereverAMessageIsCut) {
  for (const auto& text : {some_text(3000), std::string(16'384, 'x') + some_text(200)}) {
    websocket_deflater deflater{remembering};
    const auto data = deflate(deflater, text);
    for (std::size_t cut = 0; cut <= data.size(); ++cut) {
      websocket_inflater inflater{remembering};
      std::string out;
      ASSERT_EQ(inflater.add(data.substr(0, cut), out, most), outcome::good);
      ASSERT_EQ(inflater.add(data.substr(cut), out, most), outcome::good);
      ASSERT_EQ(inflater.finish(out, most), outcome::good) << cut;
      ASSERT_EQ(out, text) << cut;
    }
  }
}

TEST(WebsocketDeflate, LetsMessagesReferToThoseBeforeUnlessTheClientSaidOtherwise) {
  websocket_inflater keeps{remembering};
  EXPECT_EQ(inflate(keeps, hello), "hello");
  EXPECT_EQ(inflate(keeps, hello_again), "hello");
  websocket_inflater forgets{forgetting};
  EXPECT_EQ(inflate(forgets, hello), "hello");
  EXPECT_EQ(inflate(forgets, hello), "hello");
  EXPECT_EQ(inflate(forgets, hello_again), std::nullopt);
}

TEST(WebsocketDeflate, CompressesEachMessageByItselfForAClientThatAsksForIt) {
  const auto text = some_text(1000);
  websocket_deflater forgets{forgetting};
  const auto first = deflate(forgets, text);
  EXPECT_EQ(deflate(forgets, text), first);
  websocket_deflater keeps{remembering};
  EXPECT_EQ(deflate(keeps, text), first);
  EXPECT_LT(deflate(keeps, text).size(), first.size() / 2);
}

TEST(WebsocketDeflate, GoesOnBehindAFinalBlock) {
  websocket_inflater inflater{remembering};
  EXPECT_EQ(inflate(inflater, final_hello), "Hello");
  EXPECT_EQ(inflate(inflater, final_hello), "Hello");
  EXPECT_EQ(inflate(inflater, hello), "hello");
  EXPECT_EQ(inflate(inflater, hello_again), "hello");
  const auto two = final_hello.substr(0, 7) + final_hello;
  for (std::size_t cut = 0; cut <= two.size(); ++cut) {
    websocket_inflater fresh{remembering};
    std::string out;
    EXPECT_EQ(fresh.add(two.substr(0, cut), out, most), outcome::good);
    EXPECT_EQ(fresh.add(two.substr(cut), out, most), outcome::good);
    EXPECT_EQ(fresh.finish(out, most), outcome::good) << cut;
    EXPECT_EQ(out, "HelloHello") << cut;
  }
}

TEST(WebsocketDeflate, LetsNothingReferToWhatStandsBeforeAFinalBlock) {
  websocket_inflater inflater{remembering};
  EXPECT_EQ(inflate(inflater, hello), "hello");
  EXPECT_EQ(inflate(inflater, "\x03\0\0"s), ""); // a final block of nothing
  EXPECT_EQ(inflate(inflater, hello_again), std::nullopt);
}

TEST(WebsocketDeflate, LosesNoBitsBehindAFinalBlockOfShortCodes) {
  // Codes of one to nine bits, that of the block's end is short: of what follows some is looked at with it.
  const std::string block{"\x05\xe0\x01\x8e\x24\x41\x0c\xc3\x30\xbc\x95\x4e\xf5\xec\xdd\xff\x3f\x20\xd8"
                          "\xbd\xef\xf7\xf7\xef\x3f\x02"};
  const auto data = block + block + hello;
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    websocket_inflater inflater{remembering};
    std::string out;
    EXPECT_EQ(inflater.add(data.substr(0, cut), out, most), outcome::good);
    EXPECT_EQ(inflater.add(data.substr(cut), out, most), outcome::good);
    EXPECT_EQ(inflater.finish(out, most), outcome::good) << cut;
    EXPECT_EQ(out, "abcdefghiaaaabcdefghiaaahello") << cut;
  }
}

TEST(WebsocketDeflate, RefusesWhatDoesNotEndWithABlock) {
  EXPECT_EQ(inflate(""), std::nullopt);
  EXPECT_EQ(inflate("\0"s), "");
  for (std::size_t size = 1; size < hello.size(); ++size)
    EXPECT_EQ(inflate(hello.substr(0, size)), std::nullopt) << size;
  EXPECT_EQ(inflate(final_hello.substr(0, 7)), std::nullopt);
  EXPECT_EQ(inflate(hello + "\0\0\xff\xff"s), std::nullopt);
  EXPECT_EQ(inflate(hello + "\0\0\xff\xff\0"s), "hello");
}

TEST(WebsocketDeflate, RefusesWhatIsNoDeflate) {
  for (const auto& data : {"\xff\xff\xff\xff"s, "\x06"s, "\0\3\0\0\0abc\0"s, "\x4b\x04\x83\0"s})
    EXPECT_EQ(inflate(data), std::nullopt);
}

TEST(WebsocketDeflate, EndsAtTheLimit) {
  websocket_deflater deflater{forgetting};
  const auto data = deflate(deflater, std::string(most, 'a'));
  for (const std::size_t limit : {most - 1, most / 2, std::size_t{1}}) {
    websocket_inflater inflater{remembering};
    std::string out;
    auto found = inflater.add(data, out, limit);
    if (found == outcome::good)
      found = inflater.finish(out, limit);
    EXPECT_EQ(found, outcome::too_big) << limit;
    EXPECT_EQ(out.size(), limit + 1);
  }
  EXPECT_EQ(inflate(data), std::string(most, 'a'));
}

} // namespace
} // namespace troupe::gateway
