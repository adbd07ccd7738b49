#pragma once

#include "room.hpp"

#include <troupe/troupe.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The actor of one connection, a member of the room in its path under the name in its query.
///
/// Its client gets a welcome with the names of all, then the news in their order, each once. Another welcome comes
/// when the room was begun anew: who is in it is told behind that.
///
/// A reader who is slower than the room has a queue of `most_waiting` news. When that is full, or when news
/// were lost on their way, the connection is closed with 1013, and the page comes again: a room waits for
/// nobody, and a reader who has missed something knows it.
class visitor {
public:
  static constexpr std::size_t most_waiting = 64;
  static constexpr std::size_t longest_name = 64;   // bytes, as below
  static constexpr std::size_t longest_text = 4000; // some 1000 characters

  troupe::task<void> handle(troupe::context& ctx, troupe::websocket_opened what);
  troupe::task<void> handle(troupe::context& ctx, troupe::websocket_message what);
  troupe::task<void> handle(troupe::context& ctx, troupe::websocket_closed what);

private:
  troupe::task<void> hear(troupe::context& ctx, troupe::subscription<news> all);
  troupe::task<void> send_waiting() const;
  troupe::task<void> stay(troupe::context& ctx);
  void tell_welcome(const std::vector<std::string>& names);
  void tell(const nlohmann::json& what);
  void close(const troupe::error& why);

  std::optional<troupe::websocket> socket_;
  std::string room_;
  member self_;
  std::uint64_t life_ = 0; // the room's, and the number of its last news that the client knows of
  std::uint64_t number_ = 0;
  troupe::channel<std::string> waiting_{most_waiting}; // for the client
};
