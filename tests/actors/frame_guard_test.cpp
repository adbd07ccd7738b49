// Which bytes of another node reach CAF.
#include "actors/cluster/frame_guard.hpp"

#include <caf/all.hpp>
#include <caf/binary_serializer.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::test {
namespace {

using detail::frame_guard;

template <class Number>
std::string number(Number value) {
  std::string out(sizeof value, '\0');
  for (std::size_t i = sizeof value; i-- > 0; value = static_cast<Number>(value >> 4 >> 4))
    out[i] = static_cast<char>(value & 0xff);
  return out;
}

std::string node_id(char which) {
  return number(static_cast<std::uint64_t>(caf::node_id::default_data::class_id)) + std::string(24, which);
}

const std::string own = node_id('o');
const std::string peer = node_id('p');

struct frame {
  std::uint8_t operation = 0;
  std::string payload = {};
  std::uint8_t flags = 0;
  std::uint64_t data = 0;
  std::uint64_t source = 0;
  std::uint64_t target = 0;

  [[nodiscard]] std::string bytes() const {
    return number(operation) + std::string(2, '\0') + number(flags)
           + number(static_cast<std::uint32_t>(payload.size())) + number(data) + number(source) + number(target)
           + payload;
  }
};

std::string message(const std::string& names, const std::string& fields = "fields") {
  const auto text = "@<>" + names;
  return std::string(3, '\0') + static_cast<char>(text.size()) + text + fields;
}

std::string hello_from(const std::string& who) {
  return frame{1, who}.bytes();
}

frame direct(const std::string& payload) {
  return {2, payload, 0, 0, 7, 9};
}

frame down(const std::string& reason) {
  return {5, peer + own + reason, 0, 0, 7, 0};
}

const std::string killed = number(std::uint8_t{1}) + number(std::uint64_t{2}) + std::string("\0\0\x03@<>", 6);

std::string given(frame_guard& guard) {
  std::string out(1'000'000, '\0');
  out.resize(guard.give(out.data(), out.size()));
  return out;
}

/// A gateway's guard that knows its peer already.
struct a_frame_guard : public testing::Test {
  a_frame_guard() {
    EXPECT_TRUE(take(hello_from(peer)));
    EXPECT_EQ(given(guard), hello_from(peer));
  }

  bool take(const std::string& bytes) { return guard.take(bytes.data(), bytes.size()); }

  frame_guard guard{frame_guard::end::gateway, own};
};

TEST_F(a_frame_guard, lets_pass_what_nodes_say_to_each_other) {
  const std::vector<frame> all{
      direct(message("+troupe.response_batch")),
      direct(message("+troupe.call_id+troupe.body_part")),
      {4, peer + own, 0, 0, 0, 9},
      down(killed),
      {6},
      {1, peer, 4},
  };
  std::string said;
  for (const auto& each : all)
    said += each.bytes();
  EXPECT_TRUE(take(said));
  EXPECT_EQ(given(guard), said);
  EXPECT_EQ(guard.left_out(), 0u);
}

TEST_F(a_frame_guard, knows_ids_and_reasons_as_caf_writes_them) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::vector<char> reason, id;
  caf::binary_serializer reasons{system, reason}, ids{system, id};
  caf::error kill = caf::exit_reason::kill;
  ASSERT_FALSE(reasons(kill));
  const auto somebody = caf::make_node_id(7, caf::node_id::default_data::host_id_type{1});
  ASSERT_FALSE(ids(somebody));
  EXPECT_EQ(id.size(), peer.size());
  EXPECT_TRUE(take(down({reason.begin(), reason.end()}).bytes()));
  EXPECT_TRUE(guard.has_frames());
  frame_guard fresh{frame_guard::end::gateway, own};
  const auto greeting = hello_from({id.begin(), id.end()});
  EXPECT_TRUE(fresh.take(greeting.data(), greeting.size()));
}

TEST_F(a_frame_guard, gives_nothing_of_a_frame_before_it_is_whole) {
  const auto said = direct(message("+troupe.hello", std::string(5'000, 'x'))).bytes();
  for (std::size_t i = 0; i + 1 < said.size(); ++i) {
    ASSERT_TRUE(take(said.substr(i, 1)));
    ASSERT_FALSE(guard.has_frames()) << i;
  }
  ASSERT_TRUE(take(said.substr(said.size() - 1) + said.substr(0, 10)));
  EXPECT_EQ(given(guard), said);
  EXPECT_TRUE(take(said.substr(10)));
  EXPECT_EQ(given(guard), said);
}

TEST_F(a_frame_guard, leaves_out_what_is_no_part_of_the_protocol) {
  const auto fine = direct(message("+troupe.hello")).bytes();
  auto by_name = direct(message("+troupe.hello"));
  by_name.flags = 1;
  const std::vector<frame> all{
      by_name,
      direct(message("+@atom+@strong_actor_ptr")),      // a link
      direct(message("+@exit")),                        // the end of an actor
      direct(message("+troupe.hello+@exit")),           // the same behind something of ours
      direct(message("+troupe")),                       // not quite ours
      direct(message("")),                              // nothing
      direct("\x01" + message("+troupe.hello")),        // by way of other actors
      direct(std::string("\0\0\x01\x0dtroupe.hello", 16)), // a type by number
      {3, peer + own + message("+troupe.hello"), 0, 0, 7, 9}, // in the name of another node
  };
  std::uint64_t left_out = 0;
  for (const auto& each : all) {
    ASSERT_TRUE(take(fine + each.bytes() + fine));
    EXPECT_EQ(given(guard), fine + fine) << left_out;
    EXPECT_EQ(guard.left_out(), ++left_out);
  }
}

TEST(a_frame_guards_peer, is_parted_with_when_it_does_not_keep_to_the_protocol) {
  const std::string other = node_id('x');
  const std::vector<frame> all{
      {7, "x"},                              // no such operation
      {0, peer + "x", 0, 3},                 // the handshake of a gateway
      {1},                                   // CAF would look for the payload
      {1, other},                            // it is another one now
      {1, own},                              // it is us
      {1, peer.substr(1)},                   // no id
      {1, peer, 0, 0, 1},                    // fields that are not used
      direct(""),                            // CAF would wait for nothing
      {2, message("+troupe.hello")},         // to nobody
      {4, other + own, 0, 0, 0, 9},          // in the name of another node
      {4, peer + other, 0, 0, 0, 9},         // to another node
      {4, peer + own + "x", 0, 0, 0, 9},
      {5, peer + own + killed, 0, 0, 0, 0},  // of nobody
      down(killed.substr(0, 9) + message("+@charbuf").substr(1)), // a reason that holds anything
      down(""),
      {6, "x"},
      {6, "", 0, 0, 1},
      {4, std::string(4'097, 'x')},
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    frame_guard guard{frame_guard::end::gateway, own};
    const auto said = hello_from(peer) + all[i].bytes();
    EXPECT_FALSE(guard.take(said.data(), said.size())) << i;
    EXPECT_FALSE(guard.problem().empty()) << i;
    EXPECT_FALSE(guard.take("", 0)) << i;
  }
}

TEST(a_frame_guards_peer, has_to_say_first_who_it_is) {
  for (const auto& first : {direct(message("+troupe.hello")).bytes(), frame{6}.bytes(), frame{0, peer + "x", 0, 3}.bytes()}) {
    frame_guard gateway{frame_guard::end::gateway, own};
    EXPECT_FALSE(gateway.take(first.data(), first.size()));
  }
  const auto hello = hello_from(peer);
  frame_guard worker{frame_guard::end::worker, own};
  EXPECT_FALSE(worker.take(hello.data(), hello.size()));
}

TEST(a_frame_guards_peer, that_is_a_gateway_says_so_once_and_in_the_right_version) {
  const auto greeting = frame{0, peer + "applications", 0, 3}.bytes();
  frame_guard once{frame_guard::end::worker, own};
  EXPECT_TRUE(once.take(greeting.data(), greeting.size()));
  EXPECT_EQ(given(once), greeting);
  EXPECT_FALSE(once.take(greeting.data(), greeting.size()));
  const auto later = frame{0, peer + "applications", 0, 4}.bytes();
  frame_guard other{frame_guard::end::worker, own};
  EXPECT_FALSE(other.take(later.data(), later.size()));
}

TEST(a_frame_guards_peer, cannot_have_room_made_by_a_header) {
  const auto hello = hello_from(peer);
  for (const std::uint8_t operation : {2, 3}) {
    frame_guard guard{frame_guard::end::gateway, own};
    ASSERT_TRUE(guard.take(hello.data(), hello.size()));
    auto header = frame{operation, "", 0, 0, 7, 9}.bytes();
    header.replace(4, 4, "\xff\xff\xff\xff");
    EXPECT_FALSE(guard.take(header.data(), header.size()));
    EXPECT_NE(guard.problem().find("4294967295 bytes"), std::string::npos) << guard.problem();
  }
}

TEST(a_frame_guards_peer, is_told_apart_from_who_speaks_tls) {
  const std::string client_hello{"\x16\x03\x01\x02\0\x01", 6};
  frame_guard guard{frame_guard::end::gateway, own};
  EXPECT_FALSE(guard.take(client_hello.data(), client_hello.size()));
  EXPECT_NE(guard.problem().find("TLS"), std::string::npos) << guard.problem();
}

} // namespace
} // namespace troupe::test
