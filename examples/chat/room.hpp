#pragma once

#include <troupe/troupe.hpp>

#include <memory>
#include <string>
#include <vector>

class visitor;

/// Who is in a room; `name` is unique there.
struct member {
  std::string name;
  troupe::actor_ref<visitor> who;
};

/// Enters, or says that one is still there. Answered with the names of all.
struct enter {
  member by;
};
struct say {
  member by;
  std::string text;
};

/// What has happened, as JSON: told to each member's visitor.
struct news {
  std::shared_ptr<const std::string> text;
};

/// One room, a keyed actor: it lives on the loop that its name falls to, its members on any.
///
/// It never waits for a member. When it is begun anew, after a failure or because nobody has been here,
/// it learns from what its members send who is there.
class room {
public:
  std::vector<std::string> handle(troupe::context& ctx, const enter& what);
  void handle(troupe::context& ctx, const say& what);

private:
  void let_in(troupe::context& ctx, const member& who);
  troupe::task<void> wait_for_leave(troupe::context& ctx, member who);
  void tell_all(troupe::context& ctx, const nlohmann::json& what) const;

  std::vector<member> members_;
};

inline const troupe::keyed<room> rooms{"room"};

/// As text, whatever bytes are in it.
std::string to_text(const nlohmann::json& what);
