#pragma once

#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// 64 bits that are nobody else's.
std::uint64_t by_chance();

/// Who is in a room; `name` is unique there.
struct member {
  std::string name;
  std::uint64_t id = 0; // by chance
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(member, name, id)
};

/// Enters, or says that one is still there. Answered with a welcome.
struct enter {
  member by;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(enter, by)
};
struct say {
  member by;
  std::string text;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(say, by, text)
};
struct leave {
  member by;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(leave, by)
};

/// Who is in the room after the news with this number.
struct welcome {
  std::uint64_t life = 0;
  std::uint64_t number = 0;
  std::vector<std::string> names;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(welcome, life, number, names)
};

/// What has happened, published on the room's topic.
///
/// Numbers count from 1 in each life of the room, without a hole. A life has a number by chance: nobody can mistake
/// the news of a room that was begun anew, on whatever node, for those of the one before.
struct news {
  std::uint64_t life = 0;
  std::uint64_t number = 0;
  nlohmann::json what; // for the clients
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(news, life, number, what)
};

troupe::topic<news> news_of(const std::string& room);

/// One room, a keyed actor: it lives on the node and loop that its name falls to, its members on any.
///
/// It never waits for a member: what it has to tell them it publishes. When it is begun anew, because it has failed,
/// nobody has been here, or a node has come or gone, it knows nobody; its first news then, of whoever was the first
/// to be heard of, has the others enter again.
class room {
public:
  /// Then a member has gone without a word, as with a node that was killed. The others each enter again every minute,
  /// so that they know of it a minute later at most.
  static constexpr std::chrono::seconds longest_silence{90};

  explicit room(const std::string& name) : news_(news_of(name)) {}

  welcome handle(troupe::context& ctx, const enter& what);
  void handle(troupe::context& ctx, const say& what);
  void handle(troupe::context& ctx, const leave& what);

private:
  struct seat {
    member who;
    std::chrono::steady_clock::time_point heard; // of it, the last time
  };

  void let_in(troupe::context& ctx, const member& who);
  void let_out(troupe::context& ctx, const member& who);
  void forget_silent(troupe::context& ctx);
  void tell_all(troupe::context& ctx, nlohmann::json what);

  troupe::topic<news> news_;
  std::uint64_t life_ = by_chance();
  std::uint64_t number_ = 0; // of the last news
  std::vector<seat> seats_;
};

inline const troupe::keyed<room> rooms{"room", {.scope = troupe::keyed_scope::cluster}};
