#include "storage/sqlite/local_channels.hpp"

#include "actors/detail/listening.hpp"
#include "storage/sqlite/notice_board.hpp"

#include <cstddef>
#include <map>
#include <utility>

namespace troupe::storage::sqlite {

namespace {

class local_channels final : public channels {
public:
  local_channels(troupe::detail::event_loop& loop, std::shared_ptr<notice_board> board)
    : channels(loop), board_(std::move(board)) {}

  void listen(caf::strong_actor_ptr requester, call_id call, const std::string& channel) override {
    if (stopped_)
      return refuse(requester, call, {errc::unavailable, shutting_down});
    auto& to = all_[channel];
    ++to.listeners;
    seat(requester, call, channel, broadcast<notification>{to.told});
  }

  bool notify(const std::string& channel, const std::string& payload) override {
    if (const auto found = all_.find(channel); found != all_.end())
      found->second.told.send({payload});
    return true;
  }

  void stop() override {
    stopped_ = true;
    for (const auto& [name, each] : all_)
      each.told.close();
  }

private:
  struct entry {
    broadcast<notification> told{troupe::detail::notifications_kept};
    std::size_t listeners = 0;
  };

  void leave(const std::string& channel) override {
    const auto found = all_.find(channel);
    if (found != all_.end() && --found->second.listeners == 0)
      all_.erase(found);
  }

  std::map<std::string, entry> all_;
  bool stopped_ = false;
  std::shared_ptr<notice_board> board_; // the same for connections that come later
};

} // namespace

std::shared_ptr<channels> make_local_channels(troupe::detail::event_loop& loop, caf::weak_actor_ptr owner,
                                              const std::string& path) {
  auto board = notice_board::of(path);
  board->add(std::move(owner));
  return std::make_shared<local_channels>(loop, std::move(board));
}

} // namespace troupe::storage::sqlite
