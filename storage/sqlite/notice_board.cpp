#include "storage/sqlite/notice_board.hpp"

#include "actors/detail/caf.hpp"
#include "storage/detail/pool_messages.hpp"
#include "storage/sqlite/per_file.hpp"

#include <utility>

namespace troupe::storage::sqlite {

std::shared_ptr<notice_board> notice_board::of(const std::string& path) {
  return of_file<notice_board>(path);
}

void notice_board::add(caf::weak_actor_ptr database) {
  const std::lock_guard lock{mutex_};
  std::erase_if(all_, [](const auto& each) { return !each.lock(); });
  all_.push_back(std::move(database));
}

void notice_board::tell(std::span<const sql_value> notices) {
  const notices_committed told{std::make_shared<const std::vector<sql_value>>(notices.begin(), notices.end())};
  const std::lock_guard lock{mutex_};
  for (const auto& each : all_)
    troupe::detail::deliver(each.lock(), nullptr, notices_committed{told});
}

} // namespace troupe::storage::sqlite
