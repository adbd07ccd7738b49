#include "gateway/detail/websocket_frames.hpp"

#include "tests/support/websocket_client.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::gateway {
namespace {

using namespace std::string_literals;
using found = websocket_reader::found;
using test::frame_bytes, test::opcode_binary, test::opcode_close, test::opcode_more, test::opcode_ping,
  test::opcode_pong, test::opcode_text;

constexpr std::size_t longest = 70'000;
constexpr unsigned deflated = 4; // RSV1
const std::string hello{"\xca\x48\xcd\xc9\xc9\x07\0", 7};

std::string bytes_of(const std::vector<test::websocket_frame>& frames) {
  std::string out;
  for (const auto& each : frames)
    out += frame_bytes(each);
  return out;
}

/// What is found in bytes, a line for each.
class record {
public:
  explicit record(bool inflates = true, std::size_t most = longest) : reader_(most) {
    if (inflates)
      reader_.inflate({12, 0, false, false});
  }

  record& add(std::string bytes) {
    for (std::span<char> rest{bytes}; !failed_;) {
      const auto what = reader_.read(rest);
      note(what);
      if (what == found::nothing && rest.empty())
        break;
    }
    return *this;
  }

  [[nodiscard]] const std::string& lines() const noexcept { return lines_; }
  [[nodiscard]] std::size_t buffered() const noexcept { return reader_.buffered(); }

private:
  void note(found what) {
    switch (what) {
    case found::nothing: return;
    case found::message: return note(reader_.take_message());
    case found::ping: lines_ += "ping " + std::string{reader_.control()}; break;
    case found::close: lines_ += "close " + std::string{reader_.control()}; break;
    case found::failure:
      failed_ = true;
      lines_ += "failure " + std::to_string(static_cast<int>(reader_.failed_with()));
      break;
    }
    lines_ += "\n";
  }

  void note(const body_part& what) {
    lines_ += (what.kind == part_kind::text ? "text " : "binary ") + what.data + "\n";
  }

  websocket_reader reader_;
  std::string lines_;
  bool failed_ = false;
};

TEST(WebsocketReader, FindsTheSameWhereverItsBytesAreCut) {
  const auto bytes = bytes_of({{opcode_text, "h\xc3\xa4llo"},
                               {opcode_binary, "\0\xff"s},
                               {opcode_text, ""},
                               {opcode_text, "one ", false},
                               {opcode_ping, "are you there"},
                               {opcode_more, "", false},
                               {opcode_pong, "yes"},
                               {opcode_more, "two \xe2", false},
                               {opcode_more, "\x82\xac"},
                               {opcode_text, hello.substr(0, 3), false, true, deflated},
                               {opcode_ping, ""},
                               {opcode_more, hello.substr(3)},
                               {opcode_text, "\x02\x13\0\0"s, true, true, deflated},
                               {opcode_binary, std::string(126, 'x')},
                               {opcode_close, "\x03\xe8h\xc3\xa4"}});
  const auto expected = "text h\xc3\xa4llo\nbinary \0\xff\ntext \nping are you there\n"s
                        + "text one two \xe2\x82\xac\nping \ntext hello\ntext hello\nbinary "
                        + std::string(126, 'x') + "\nclose \x03\xe8h\xc3\xa4\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
    ASSERT_EQ(record{}.add(bytes.substr(0, cut)).add(bytes.substr(cut)).lines(), expected) << cut;
  record one_by_one;
  for (const char c : bytes)
    one_by_one.add({c});
  EXPECT_EQ(one_by_one.lines(), expected);
}

TEST(WebsocketReader, TakesMessagesOfEverySizeUpToTheLimit) {
  for (const std::size_t size : {std::size_t{125}, std::size_t{126}, std::size_t{65'535},
                                 std::size_t{65'536}, longest}) {
    const auto bytes = frame_bytes({opcode_binary, std::string(size, 'b')});
    for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, std::size_t{9}, size / 2, size})
      EXPECT_EQ(record{}.add(bytes.substr(0, cut)).add(bytes.substr(cut)).lines(),
                "binary " + std::string(size, 'b') + "\n");
  }
}

TEST(WebsocketReader, RefusesWhatIsForbiddenWithItsCode) {
  const std::vector<std::pair<std::string, int>> cases{
    {frame_bytes({opcode_text, "x", true, false}), 1002},
    {frame_bytes({3, "x"}), 1002},
    {frame_bytes({7, ""}), 1002},
    {frame_bytes({11, ""}), 1002},
    {frame_bytes({15, ""}), 1002},
    {frame_bytes({opcode_more, "x"}), 1002},
    {bytes_of({{opcode_text, "x", false}, {opcode_text, "x"}}), 1002},
    {frame_bytes({opcode_ping, "x", false}), 1002},
    {frame_bytes({opcode_close, "", false}), 1002},
    {frame_bytes({opcode_ping, std::string(126, 'x')}), 1002},
    {frame_bytes({opcode_text, "x", true, true, 1}), 1002},
    {frame_bytes({opcode_text, "x", true, true, 2}), 1002},
    {frame_bytes({opcode_text, hello, true, true, deflated | 1}), 1002},
    {frame_bytes({opcode_ping, "", true, true, deflated}), 1002},
    {frame_bytes({opcode_pong, "", true, true, deflated}), 1002},
    {frame_bytes({opcode_close, "", true, true, deflated}), 1002},
    {bytes_of({{opcode_text, hello, false, true, deflated}, {opcode_more, "", true, true, deflated}}), 1002},
    {"\x82\xfe\0\x7d\0\0\0\0"s, 1002},                 // 125 in two bytes
    {"\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"s, 1002},   // 65,535 in eight
    {"\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0"s, 1002},     // which is none
    {"\xc2\xff\x80\0\0\0\0\0\0\0\0\0\0\0"s, 1002},
    {frame_bytes({opcode_text, "\xff"}), 1007},
    {frame_bytes({opcode_text, "x\xc3"}), 1007},
    {bytes_of({{opcode_text, "\xc3", false}, {opcode_more, ""}}), 1007},
    {bytes_of({{opcode_text, "\xc3", false}, {opcode_more, "x", false}}), 1007},
    {frame_bytes({opcode_text, "", true, true, deflated}), 1007},           // not even an empty block
    {frame_bytes({opcode_text, "\x06", true, true, deflated}), 1007},       // no kind of block
    {frame_bytes({opcode_text, hello.substr(0, 4), true, true, deflated}), 1007},
    {frame_bytes({opcode_text, "\0\1\0\xfe\xff\xff\0"s, true, true, deflated}), 1007}, // inflates to what is no text
    {frame_bytes({opcode_binary, std::string(longest + 1, 'x')}), 1009},
    {bytes_of({{opcode_binary, std::string(longest, 'x'), false}, {opcode_more, "x"}}), 1009},
    {"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"s, 1009},
  };
  for (const auto& [bytes, code] : cases) {
    const auto expected = "failure " + std::to_string(code) + "\n";
    const auto shown = bytes.substr(0, 20);
    EXPECT_EQ(record{}.add(bytes).lines(), expected) << testing::PrintToString(shown);
    record one_by_one;
    for (const char c : bytes)
      one_by_one.add({c});
    EXPECT_EQ(one_by_one.lines(), expected) << testing::PrintToString(shown);
  }
}

TEST(WebsocketReader, RefusesCompressedMessagesThatWereNotAgreedOn) {
  EXPECT_EQ(record{false}.add(frame_bytes({opcode_text, hello, true, true, deflated})).lines(), "failure 1002\n");
}

TEST(WebsocketReader, TakesTheCodesThatAClientMaySend) {
  const auto answer = [](const std::string& data) { return record{}.add(frame_bytes({opcode_close, data})).lines(); };
  EXPECT_EQ(answer(""), "close \n");
  for (const std::uint16_t code : {1000, 1003, 1007, 1014, 3000, 4000, 4999})
    EXPECT_EQ(answer(test::close_data(code) + "bye"), "close " + test::close_data(code) + "bye\n") << code;
  for (const std::uint16_t code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65'535})
    EXPECT_EQ(answer(test::close_data(code)), "failure 1002\n") << code;
  EXPECT_EQ(answer("\x03"), "failure 1002\n");
  EXPECT_EQ(answer(test::close_data(1000) + "\xff"), "failure 1002\n");
  EXPECT_EQ(answer(test::close_data(1000) + "\xc3"), "failure 1002\n");
}

TEST(WebsocketReader, RefusesAtTheFirstByteThatShowsIt) {
  EXPECT_EQ(record{}.add("\x83\x80").lines(), "failure 1002\n");
  EXPECT_EQ(record{}.add("\x81\x01").lines(), "failure 1002\n");
  const auto text = "a text whose second half never comes \xed\xa0 and so on"s;
  const auto begin = frame_bytes({opcode_text, text}).substr(0, 6 + text.find('\xa0'));
  EXPECT_EQ(record{}.add(begin).lines(), "");
  EXPECT_EQ(record{}.add(frame_bytes({opcode_text, text}).substr(0, begin.size() + 1)).lines(), "failure 1007\n");
  EXPECT_EQ(record{}.add(frame_bytes({opcode_binary, std::string(longest + 1, 'x')}).substr(0, 14)).lines(),
            "failure 1009\n");
}

TEST(WebsocketReader, TakesNoMemoryForASizeThatIsOnlyClaimed) {
  record plain{true, 1 << 30};
  plain.add("\x82\xff\0\0\0\0\x3f\xff\xff\xff\0\0\0\0some"s);
  EXPECT_LT(plain.buffered(), 100U);
  record compressed{true, 1 << 30};
  compressed.add("\xc2\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"s + hello);
  EXPECT_LT(compressed.buffered(), 100U);
  EXPECT_EQ(plain.lines() + compressed.lines(), "");
}

TEST(WebsocketReader, LetsOthersHaveTheirTurnWhileALittleInflatesToALot) {
  websocket_deflater deflater{{12, 0, false, false}};
  std::string data;
  deflater.add(std::string(4 << 20, 'a'), true, data);
  auto bytes = frame_bytes({opcode_binary, data, true, true, deflated});
  websocket_reader reader{8 << 20};
  reader.inflate({12, 0, false, false});
  std::span<char> rest{bytes};
  EXPECT_EQ(reader.read(rest), found::nothing);
  EXPECT_FALSE(rest.empty());
  while (!rest.empty() && reader.read(rest) == found::nothing) {
  }
  EXPECT_EQ(reader.take_message().data, std::string(4 << 20, 'a'));
}

TEST(WebsocketReader, KeepsToTheLimitWhateverInflates) {
  websocket_deflater deflater{{12, 0, false, false}};
  std::string data;
  deflater.add(std::string(4 << 20, 'a'), true, data);
  EXPECT_EQ(record{}.add(frame_bytes({opcode_binary, data, true, true, deflated})).lines(), "failure 1009\n");
}

TEST(FrameHead, SaysTheSizeInTheFewestBytes) {
  const auto head = [](const frame_head& what, std::size_t size) {
    std::string out;
    append_frame_head(out, what, size);
    return out;
  };
  EXPECT_EQ(head({opcode::text}, 0), "\x81\0"s);
  EXPECT_EQ(head({opcode::binary}, 125), "\x82\x7d"s);
  EXPECT_EQ(head({opcode::text, false, true}, 126), "\x41\x7e\0\x7e"s);
  EXPECT_EQ(head({opcode::more, false}, 65'535), "\0\x7e\xff\xff"s);
  EXPECT_EQ(head({opcode::more}, 65'536), "\x80\x7f\0\0\0\0\0\1\0\0"s);
  EXPECT_EQ(head({opcode::close}, 2), "\x88\2"s);
}

} // namespace
} // namespace troupe::gateway
