#pragma once

#include "actors/detail/address.hpp"
#include "actors/detail/inbox.hpp"
#include "actors/detail/loop_hubs.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::detail {

/// What a subscription to a topic receives: JSON; null: something was missed, and nobody knows what.
using topic_inbox = inbox<std::shared_ptr<const std::string>>;

class topic_registry;

/// One subscription, on its event loop.
class topic_seat {
public:
  /// `wants_gaps`: is given null where it may have missed something. REQUIRES: capacity > 0.
  topic_seat(std::shared_ptr<topic_registry> of, std::string topic, std::size_t capacity, bool wants_gaps);
  topic_seat(const topic_seat&) = delete;
  topic_seat& operator=(const topic_seat&) = delete;
  ~topic_seat();

  [[nodiscard]] const std::string& topic() const noexcept { return topic_; }
  [[nodiscard]] const std::shared_ptr<topic_inbox>& in() const noexcept { return in_; }
  /// A value that was received cannot be read, and counts as missed, with those before it; the log tells of the first.
  void on_unreadable(std::uint64_t missed_before, const char* why);

private:
  std::shared_ptr<topic_registry> of_;
  std::string topic_;
  std::shared_ptr<topic_inbox> in_;
  bool unreadable_told_ = false;
};

/// Who listens to which topic on a node: for each event loop, those on it. Any thread, where nothing else is said.
class topic_registry : public std::enable_shared_from_this<topic_registry> {
public:
  topic_registry() = default;
  topic_registry(const topic_registry&) = delete;
  topic_registry& operator=(const topic_registry&) = delete;
  ~topic_registry() = default;

  /// From now on the desk is told what is listened to and published here. Before any of it is.
  void join_cluster(actor_address desk) { desk_ = std::move(desk); }
  /// The node ends. REQUIRES: its loops have.
  void leave_cluster() { desk_ = {}; }
  /// Whether there is no other node: nothing is published for others.
  void set_alone(bool alone) { alone_.store(alone); }

  // -- a loop's thread -----------------------------------------------------------------------------------

  std::shared_ptr<topic_inbox> subscribe(const std::string& topic, std::size_t capacity, bool wants_gaps);
  void unsubscribe(const std::string& topic, const std::shared_ptr<topic_inbox>& which) noexcept;

  // -- any thread ----------------------------------------------------------------------------------------

  /// For all who listen, here and on other nodes. What the desk has not taken yet is bounded: what is more than that is
  /// for those here alone.
  void publish(const std::string& topic, std::shared_ptr<const std::string> text);
  /// The desk has taken so much of what was published for others. True: it could not have all of it.
  [[nodiscard]] bool on_taken(std::size_t bytes) noexcept;

  /// Since the node has started.
  struct figures {
    std::uint64_t published = 0; // here
    std::uint64_t received = 0;  // from other nodes
    std::uint64_t missed = 0;    // left out on their way from there, as far as they have been counted
  };
  [[nodiscard]] figures count() const noexcept {
    return {published_.load(), received_.load(), missed_.load()};
  }
  /// From another node, for those who listen here. Null: `missed` of it were left out, or nobody knows how many (0).
  void bring(const std::string& topic, std::shared_ptr<const std::string> text, std::uint64_t missed);
  /// To those who listen here, to whatever topic: they may have missed something.
  void tell_gap();

private:
  struct seat {
    std::shared_ptr<topic_inbox> in;
    bool wants_gaps = false;

    void put_gap(std::uint64_t missed) const;
  };
  struct hub {
    void bring(const std::string& topic, const std::shared_ptr<const std::string>& text, std::uint64_t missed);
    void tell_gap();

    std::unordered_map<std::string, std::vector<seat>> topics;
    std::atomic<bool> listens{false}; // read by others
  };

  template <class F>
  void at_each_hub(F f);
  void give(const std::string& topic, std::shared_ptr<const std::string> text, std::uint64_t missed);
  void tell_desk(const std::string& topic, bool begins) const;

  actor_address desk_;
  std::atomic<bool> alone_{true};
  std::atomic<std::size_t> on_its_way_{0}; // to the desk, in bytes
  std::atomic<bool> left_out_{false};
  std::atomic<std::uint64_t> published_{0};
  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> missed_{0};
  loop_hubs<hub> hubs_;
};

} // namespace troupe::detail
