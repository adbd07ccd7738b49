#include "gateway/detail/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace troupe::gateway {
namespace {

using namespace std::string_literals;
using config::proxy_protocol;
using progress = proxy_header::progress;

const std::string signature{"\r\n\r\n\0\r\nQUIT\n", 12};

std::string v2(char command, char family, const std::string& block) {
  return signature + command + family + static_cast<char>(block.size() >> 8)
         + static_cast<char>(block.size() & 0xff) + block;
}

const std::string ipv4_block{"\xcb\x00\x71\x07\x7f\x00\x00\x01\x30\x39\x00\x50", 12};
const std::string ipv6_block = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s
                               + std::string(15, '\0') + "\x01\x30\x39\x01\xbb"s;
const std::string tlv = "\x04\x00\x03"s + "abc"s;

struct good {
  std::string bytes;
  std::string source; // empty: none
};

const std::vector<good> good_v1{
  {"PROXY TCP4 203.0.113.7 127.0.0.1 12345 80\r\n", "203.0.113.7"},
  {"PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", "0.0.0.0"},
  {"PROXY TCP6 2001:db8::1 ::1 12345 443\r\n", "2001:db8::1"},
  {"PROXY TCP6 ::ffff:203.0.113.7 ::1 12345 443\r\n", "203.0.113.7"},
  {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
   "65535 65535\r\n",
   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  {"PROXY UNKNOWN\r\n", ""},
  {"PROXY UNKNOWN whatever stands here\r\n", ""},
  {"PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", ""}, // 107 bytes
};

const std::vector<good> good_v2{
  {v2('\x21', '\x11', ipv4_block), "203.0.113.7"},
  {v2('\x21', '\x12', ipv4_block), "203.0.113.7"},
  {v2('\x21', '\x21', ipv6_block), "2001:db8::1"},
  {v2('\x21', '\x22', ipv6_block), "2001:db8::1"},
  {v2('\x21', '\x11', ipv4_block + tlv), "203.0.113.7"},
  {v2('\x21', '\x11', ipv4_block + "\xff"), "203.0.113.7"}, // no whole one: not looked at
  {v2('\x21', '\x31', std::string(216, 'u')), ""},
  {v2('\x21', '\x32', std::string(216, 'u')), ""},
  {v2('\x21', '\x00', ""), ""},
  {v2('\x21', '\x00', "abc"), ""},
  {v2('\x20', '\x00', ""), ""},
  {v2('\x20', '\x11', ipv4_block), ""},
  {v2('\x20', '\x77', "x"), ""},
  {v2('\x21', '\x11', ipv4_block + std::string(longest_proxy_block - 12, 't')), "203.0.113.7"},
};

void expect_read(const good& what, proxy_protocol accepted) {
  for (std::size_t i = 0; i < what.bytes.size(); ++i)
    ASSERT_EQ(read_proxy_header(what.bytes.substr(0, i), accepted).state, progress::need_more) << i;
  for (const char* behind : {"", "G", "GET / HTTP/1.1\r\n\r\n", "\r\n", "PROXY UNKNOWN\r\n"}) {
    const auto header = read_proxy_header(what.bytes + behind, accepted);
    ASSERT_EQ(header.state, progress::done) << what.bytes;
    EXPECT_EQ(header.size, what.bytes.size()) << what.bytes;
    EXPECT_EQ(header.source ? config::to_string(*header.source) : "", what.source) << what.bytes;
  }
}

TEST(a_proxy_header, is_read_wherever_it_is_split_and_what_follows_is_left) {
  for (const auto& each : good_v1) {
    expect_read(each, proxy_protocol::v1);
    expect_read(each, proxy_protocol::on);
  }
  for (const auto& each : good_v2) {
    expect_read(each, proxy_protocol::v2);
    expect_read(each, proxy_protocol::on);
  }
}

TEST(a_proxy_header, of_the_other_version_is_none) {
  for (const auto& each : good_v1)
    EXPECT_EQ(read_proxy_header(each.bytes, proxy_protocol::v2).state, progress::failed);
  for (const auto& each : good_v2)
    EXPECT_EQ(read_proxy_header(each.bytes, proxy_protocol::v1).state, progress::failed);
}

const std::vector<std::string> bad{
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n",
  "PROXYTCP4 1.2.3.4 1.2.3.4 1 1\r\n",
  "\x16\x03\x01",
  "PROXY \r\n",
  "PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n",
  "PROXY TCP4\r\n",
  "PROXY TCP4 \r\n",
  "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
  "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n",
  "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n",
  "PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n",
  "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
  "PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n",
  "PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n",
  "PROXY TCP4 1.2.3.4 1.2.3.4 x 1\r\n",
  "PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n",
  "PROXY TCP4 1.2.3.4 nowhere 1 1\r\n",
  "PROXY TCP4 ::1 1.2.3.4 1 1\r\n",
  "PROXY TCP6 1.2.3.4 ::1 1 1\r\n",
  "PROXY TCP6 ::1%lo ::1 1 1\r\n",
  "PROXY TCP4 1.2.3.4\0 1.2.3.4 1 1\r\n"s,
  "PROXY UNKNOWNS\r\n",
  "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\nGET / HTTP/1.1\r\n",
  "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n",
  "PROXY " + std::string(200, 'x'),
  signature + "\x11\x11\x00\x0c"s + ipv4_block, // version 1
  v2('\x22', '\x11', ipv4_block),               // no such command
  v2('\x21', '\x10', ipv4_block),               // no transport
  v2('\x21', '\x41', ipv4_block),               // no such family
  v2('\x21', '\x13', ipv4_block),
  v2('\x21', '\x11', ipv4_block.substr(1)),
  v2('\x21', '\x21', ipv6_block.substr(1)),
  v2('\x21', '\x31', std::string(215, 'u')),
  v2('\x21', '\x11', ipv4_block + std::string(longest_proxy_block - 11, 't')),
  "\r\n\r\n\0\r\nQUIX\n"s,
};

TEST(a_proxy_header, that_is_wrong_is_refused) {
  for (const auto& each : bad)
    EXPECT_EQ(read_proxy_header(each, proxy_protocol::on).state, progress::failed) << each;
}

TEST(a_proxy_header, that_is_too_long_is_refused_before_it_has_come) {
  EXPECT_EQ(read_proxy_header(signature + "\x21\x11\xff\xff", proxy_protocol::v2).state,
            progress::failed);
}

TEST(a_proxy_header, never_becomes_good_again_and_is_never_read_beyond_its_bytes) {
  std::mt19937 random{7};
  std::vector<good> all = good_v1;
  all.insert(all.end(), good_v2.begin(), good_v2.end() - 1);
  for (int round = 0; round < 20000; ++round) {
    auto bytes = all[random() % all.size()].bytes;
    for (auto changes = random() % 3 + 1; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    auto before = progress::need_more;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      const std::vector<char> exactly(bytes.begin(), bytes.begin() + static_cast<long>(size));
      const auto header = read_proxy_header({exactly.data(), size}, proxy_protocol::on);
      ASSERT_TRUE(before == progress::need_more || header.state == before);
      ASSERT_LE(header.size, size);
      before = header.state;
    }
  }
}

} // namespace
} // namespace troupe::gateway
