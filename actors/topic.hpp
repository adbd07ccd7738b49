#pragma once

#include "actors/context.hpp"
#include "actors/detail/inbox.hpp"
#include "actors/detail/topic_registry.hpp"
#include "actors/task.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace troupe {

/// Of a value as JSON, in bytes.
inline constexpr std::size_t longest_publication = 1U << 20U;

/// A name under which values of one type are published to all who listen, on every node of the cluster.
///
///     const topic<price> prices{"prices"};                    // anywhere; name and type are all it is
///     ctx.publish(prices, price{"ACME", 101});
///
///     auto news = ctx.subscribe(prices);
///     for (;;) {
///       auto [value, missed, gap] = co_await news.next();
///       ...
///     }
///
/// Nothing waits for a subscription, and nothing is sent twice: each value arrives once at most. T needs to_json and
/// from_json as nlohmann/json has them (NLOHMANN_DEFINE_TYPE_INTRUSIVE) and a default constructor.
template <class T>
class topic {
public:
  /// error{invalid_argument} for a name that is empty, or longer than 255 bytes.
  explicit topic(std::string name);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
  std::string name_;
};

/// How a subscription listens.
struct subscription_options {
  /// Values that wait for it at most: then the oldest is left out for each new one. Not 0.
  std::size_t capacity = 1'024;
  /// Tell it where it may have missed something, without a value: `heard::gap`.
  bool gaps = false;
};

/// What a subscription receives.
template <class T>
struct heard {
  T value{};
  /// So many before this one were left out, here or on the way, as they came too fast.
  std::uint64_t missed = 0;
  /// It is none, and has no value: this node or another one was cut off from the others, or has just come to hear
  /// each other, and nobody knows what was published meanwhile. What was made of earlier values may be out of date.
  /// Only where subscription_options::gaps says so.
  bool gap = false;
};

/// Receives what is published on a topic after `subscribe`, on this node and, as soon as they know of it, on the others:
/// the values of each coroutine in their order. Leaves when it is destroyed and nobody waits in it. For the loop of its
/// context. Moves.
template <class T>
class subscription {
public:
  /// Waits for the next one. What was published on this topic and is no T counts as missed; the log tells of the first.
  /// For one coroutine at a time: a second one gets std::logic_error.
  [[nodiscard]] task<heard<T>> next() { return receive(seat_); }

  /// What waits here.
  [[nodiscard]] std::size_t size() const noexcept { return seat_->in()->size(); }

private:
  friend class context;
  explicit subscription(std::shared_ptr<detail::topic_seat> seat) : seat_(std::move(seat)) {}

  static task<heard<T>> receive(std::shared_ptr<detail::topic_seat> seat);

  std::shared_ptr<detail::topic_seat> seat_; // and of who waits in `next`
};

namespace detail {

/// Throw error{invalid_argument} that says what is wrong.
void check_topic(const std::string& name);
void check_subscription(const std::string& topic, const subscription_options& how);
/// The value as JSON text.
std::string publication_text(const std::string& topic, const nlohmann::json& value);
/// The node's; throws std::logic_error when it has none.
std::shared_ptr<topic_registry> topics_of(const host& owner);

} // namespace detail

template <class T>
topic<T>::topic(std::string name) : name_(std::move(name)) {
  static_assert(std::is_default_constructible_v<T>, "what is published needs a default constructor");
  detail::check_topic(name_);
}

template <class T>
task<heard<T>> subscription<T>::receive(std::shared_ptr<detail::topic_seat> seat) {
  for (;;) {
    const auto next = co_await detail::topic_inbox::receiver{seat->in()};
    heard<T> out;
    out.missed = next->missed; // there is a next one: it is never closed
    out.gap = next->value == nullptr;
    if (out.gap)
      co_return out;
    try {
      out.value = nlohmann::json::parse(*next->value).template get<T>();
      co_return out;
    } catch (const std::exception& e) {
      seat->on_unreadable(next->missed, e.what());
    }
  }
}

template <class T>
void context::publish(const topic<T>& on, const std::type_identity_t<T>& value) {
  detail::topics_of(host_)->publish(
    on.name(), std::make_shared<const std::string>(detail::publication_text(on.name(), nlohmann::json(value))));
}

template <class T>
subscription<T> context::subscribe(const topic<T>& to) {
  return subscribe(to, subscription_options{});
}

template <class T>
subscription<T> context::subscribe(const topic<T>& to, const subscription_options& how) {
  detail::check_subscription(to.name(), how);
  return subscription<T>{
    std::make_shared<detail::topic_seat>(detail::topics_of(host_), to.name(), how.capacity, how.gaps)};
}

} // namespace troupe
