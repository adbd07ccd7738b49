#include "actors/detail/keyed_search.hpp"

#include "actors/cluster/peer_desk.hpp"
#include "actors/context.hpp"
#include "actors/detail/ask_actor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::detail {

namespace {

using namespace std::chrono_literals;

/// A view takes some milliseconds to be everywhere; a node that was lost is given up within the failure timeout.
constexpr auto longest_search = 10s;
constexpr std::chrono::milliseconds first_search_pause{2}, longest_search_pause{100};

} // namespace

task<bool> keyed_search::next() {
  using enum keyed_directory::place_of_key::where;
  for (;;) {
    if (pause_.count() > 0)
      co_await troupe::sleep(pause_);
    else
      until_ = std::chrono::steady_clock::now() + longest_search;
    if (std::chrono::steady_clock::now() >= until_)
      throw error{errc::unavailable, "the actor's key moves between nodes all the time, or no node has actors of the kind "
                                       + kind_->name + " at present"};
    pause_ = std::clamp(2 * pause_, first_search_pause, longest_search_pause);
    const auto found = from_.node().keyed->locate(*kind_, key_);
    node_ = found.node;
    if (found.is != nowhere)
      co_return found.is == here;
  }
}

task<std::string> keyed_search::ask(std::string_view type, std::string message) {
  auto answer = co_await ask_actor<peer_answer>(
    from_, to_caf(from_.node().keyed->desk()), peer_ask{node_, kind_->name, key_, std::string{type}, std::move(message)});
  if (answer.moved)
    throw moved_error{};
  co_return std::move(answer.text);
}

bool tell_elsewhere(host& from, const std::shared_ptr<const keyed_kind>& kind, const std::string& key,
                    std::string_view type, std::string (*message)(const void*), const void* of) {
  using enum keyed_directory::place_of_key::where;
  const auto& directory = *from.node().keyed;
  const auto found = directory.locate(*kind, key);
  if (found.is == here)
    return false;
  if (found.is == nowhere)
    spdlog::error("a message to {}/{} is lost: no node has actors of this kind at present", kind->name, key);
  else
    deliver(to_caf(directory.desk()), nullptr, peer_ask{found.node, kind->name, key, std::string{type}, message(of)});
  return true;
}

} // namespace troupe::detail
