#pragma once

#include "actors/messages/sql.hpp"

#include <caf/actor_control_block.hpp>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace troupe::storage::sqlite {

/// Where connections put what their transactions have notified: at the commit, for all database actors of this
/// process that have the file. Any thread.
class notice_board {
public:
  static std::shared_ptr<notice_board> of(const std::string& path);

  void add(caf::weak_actor_ptr database);

  /// Sends `notices_committed`, which is there before whatever is sent afterwards.
  void tell(std::span<const sql_value> notices);

private:
  std::mutex mutex_; // why a lock: connections commit in threads of their own
  std::vector<caf::weak_actor_ptr> all_;
};

} // namespace troupe::storage::sqlite
