#pragma once

#include "actors/detail/cell_kind.hpp"
#include "actors/detail/cell_ref.hpp"
#include "actors/detail/letter.hpp"
#include "actors/detail/node_services.hpp"
#include "actors/detail/peer_view.hpp"
#include "actors/detail/timer.hpp"
#include "actors/keyed_options.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::detail {

class host;

/// What the keyed actors of one kind have in common.
class keyed_kind {
public:
  /// `type`: one address for each type of state.
  keyed_kind(std::string kind, const void* type, keyed_options options);
  virtual ~keyed_kind() = default;
  [[nodiscard]] virtual cell_ref make(event_loop& home, node_services_ptr node,
                                      std::shared_ptr<const cell_kind> kind,
                                      const std::string& key) const = 0;

  const std::string name;
  const std::string* const label;
  const void* const type;
  const keyed_options how;
};

/// Keeps a state as a row of the table troupe_actors.
class row_keeper : public state_keeper {
public:
  /// `takes_over`: loading the state makes whoever has it elsewhere unable to save it.
  row_keeper(std::string kind, std::string key, persistence when, bool takes_over)
    : kind_(std::move(kind)), key_(std::move(key)), when_(when), takes_over_(takes_over) {}

  task<void> load(context& ctx, void* state) override;
  [[nodiscard]] bool must_save(const void* state) override;
  [[nodiscard]] bool must_save_at_end(const void* state) override;
  task<void> save(context& ctx, const void* state) override;

protected:
  [[nodiscard]] virtual std::string dump(const void* state) const = 0;
  virtual void parse(const std::string& text, void* state) const = 0;

private:
  [[nodiscard]] bool changed(const void* state);

  std::string kind_;
  std::string key_;
  persistence when_;
  bool takes_over_;
  std::string stored_;  // as it is in the row, or was before the first save
  std::string present_; // by the last look
  std::int64_t version_ = 0; // 0: no row
};

/// The keyed actors of a node: each key belongs to one event loop, which alone knows whether its actor
/// is there. Any thread, where nothing else is said.
class keyed_directory {
public:
  explicit keyed_directory(std::vector<event_loop*> loops);
  keyed_directory(const keyed_directory&) = delete;
  keyed_directory& operator=(const keyed_directory&) = delete;
  ~keyed_directory();

  [[nodiscard]] event_loop& home_of(const std::string& kind, const std::string& key) const noexcept;

  /// The actor, made when it is not there; why not, when the node is stopping, the kind's name is another's or
  /// (`moved_away`) the key is another node's. The key's own loop only.
  struct moved_away {};
  std::variant<cell_ref, failure, moved_away> find(const node_services_ptr& node,
                                       const std::shared_ptr<const keyed_kind>& kind,
                                       const std::string& key);

  // -- kinds of the whole cluster ------------------------------------------------------------------------

  /// From now on their actors are looked for in the cluster, by way of the desk; until there is a view they are
  /// nowhere. Before any of them is asked for.
  void join_cluster(actor_address desk);
  [[nodiscard]] const actor_address& desk() const noexcept { return desk_; }

  /// The node ends. REQUIRES: its loops have.
  void leave_cluster() { desk_ = {}; }

  /// What is known of the cluster now; null: nothing, as long as the node has not joined. Actors whose keys are
  /// others' then are ended as soon as they are idle.
  void set_view(std::shared_ptr<const peer_view> view);

  /// Which node has the key. On a loop of the node.
  struct place_of_key {
    enum class where : std::uint8_t { here, there, nowhere } is;
    std::uint64_t node = 0; // there
  };
  [[nodiscard]] place_of_key locate(const keyed_kind& kind, const std::string& key) const;
  /// The same, for a kind of the whole cluster, where nothing else is of interest.
  [[nodiscard]] bool is_elsewhere(const std::string& kind, const std::string& key) const {
    return is_elsewhere(own_table(), kind, key);
  }

  /// Makes no more actors and ends those that are there as soon as they are idle, saving what is to be
  /// saved; after `limit` however they are. Blocks; not on a loop's thread. A loop that does not return to
  /// its work within `limit` is left alone.
  void shut_down(std::chrono::milliseconds limit);

  /// The table of states is there; for row_keeper.
  std::atomic<bool> table_seen{false};

private:
  struct entry {
    cell_ref actor;
    bool in_cluster = false;
    std::chrono::steady_clock::time_point used;
    std::chrono::milliseconds idle_timeout{};
  };
  using place = std::pair<std::string, std::string>; // kind, key
  struct place_hash {
    std::size_t operator()(const place& which) const noexcept;
  };
  struct table {
    std::unordered_map<place, entry, place_hash> actors;
    std::map<std::string, const void*> types; // of the states of each kind
    timer sweep;
    keyed_directory* of = nullptr;
    event_loop* loop = nullptr;
    std::chrono::milliseconds period{};
    std::shared_ptr<const peer_view> view;
  };

  [[nodiscard]] table& own_table() const;
  [[nodiscard]] bool is_elsewhere(const table& mine, const std::string& kind, const std::string& key) const;
  void sweep(table& mine);
  std::future<bool> settle(table& mine, bool late);
  void arm(table& mine, std::chrono::milliseconds period);

  std::vector<event_loop*> loops_;
  std::vector<std::unique_ptr<table>> tables_; // by place in loops_
  std::atomic<bool> stopping_{false};
  actor_address desk_;
};

/// Sends the letter to the actor of a key on this node; true when the answer is there already. Throws
/// std::logic_error when the node has no keyed actors.
bool send_to_key(host& from, const std::shared_ptr<const keyed_kind>& kind, const std::string& key,
                 letter& what, asker* by);

} // namespace troupe::detail
