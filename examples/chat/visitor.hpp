#pragma once

#include "room.hpp"

#include <troupe/troupe.hpp>

#include <memory>
#include <optional>
#include <string>

/// The actor of one connection, a member of the room in its path under the name in its query.
///
/// A reader who is slower than the room has a queue of `most_waiting` news. When that is full the
/// connection is closed with 1013, and the page comes again: a room waits for nobody, and a reader who
/// has missed something knows it.
class visitor {
public:
  static constexpr std::size_t most_waiting = 64;
  static constexpr std::size_t longest_name = 64;   // bytes, as below
  static constexpr std::size_t longest_text = 4000; // some 1000 characters

  troupe::task<void> handle(troupe::context& ctx, troupe::websocket_opened what);
  troupe::task<void> handle(troupe::context& ctx, troupe::websocket_message what);
  void handle(news what);

private:
  using text_ptr = std::shared_ptr<const std::string>;

  troupe::task<void> send_news() const;
  troupe::task<void> stay(troupe::context& ctx) const;

  std::optional<troupe::websocket> socket_;
  std::string room_;
  member self_;
  troupe::channel<text_ptr> waiting_{most_waiting};
};
