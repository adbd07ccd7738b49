#pragma once

#include "actors/context.hpp"
#include "actors/detail/keyed_directory.hpp"
#include "actors/keyed_options.hpp"
#include "actors/stateful.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

template <class S>
class keyed_ref;

/// Stateful actors that are addressed by a key: `keyed<account> accounts{"accounts"}`, then
/// `co_await ctx.ask(accounts["alice"], deposit{5})`.
///
/// The actor of a key is made by its first message, on the event loop that the key falls to, and ended
/// when nobody has sent it anything for some time; there is at most one for each key in the node. Its
/// state is S by default, or S{key} where S has a constructor for that. With persistence (see
/// keyed_options) its state is loaded from the node's database when it is made, and saved there: S
/// needs to_json and from_json as nlohmann/json has them (NLOHMANN_DEFINE_TYPE_INTRUSIVE). The rows
/// are in the table troupe_actors(kind, key, state, version), made at first use.
///
/// Beside what an ask of any stateful actor can throw: error{unavailable} when the state cannot be
/// loaded or the node is stopping, the database's own error when a change cannot be saved, and
/// error{conflict} when another node has changed it meanwhile.
///
/// A handle, for all loops; those of the same kind name the same actors. A kind has one type of state:
/// asking it by another one is error{internal}. Where two handles differ in their options, those of the
/// one that makes an actor count.
template <class S>
class keyed {
public:
  /// `kind` names the actors, in logs and in the database. Throws std::invalid_argument when it is
  /// empty, std::logic_error for persistence of an S that JSON does not know.
  explicit keyed(std::string kind, keyed_options how = {});

  [[nodiscard]] keyed_ref<S> operator[](std::string key) const {
    return keyed_ref<S>{kind_, std::move(key)};
  }

private:
  std::shared_ptr<const detail::keyed_kind> kind_;
};

/// The address of one keyed actor; context::ask and context::tell take it.
template <class S>
class keyed_ref {
public:
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] const std::shared_ptr<const detail::keyed_kind>& kind() const noexcept {
    return kind_;
  }

private:
  friend class keyed<S>;
  keyed_ref(std::shared_ptr<const detail::keyed_kind> kind, std::string key)
    : kind_(std::move(kind)), key_(std::move(key)) {}

  std::shared_ptr<const detail::keyed_kind> kind_;
  std::string key_;
};

namespace detail {

template <class S>
concept json_state = requires(const S& from, S& to, nlohmann::json& as) {
  nlohmann::to_json(as, from);
  nlohmann::from_json(std::as_const(as), to);
};

/// Stores an S as JSON text.
template <class S>
class json_keeper final : public row_keeper {
public:
  using row_keeper::row_keeper;

protected:
  [[nodiscard]] std::string dump(const void* state) const override {
    return nlohmann::json(*static_cast<const S*>(state)).dump();
  }
  void parse(const std::string& text, void* state) const override {
    nlohmann::json::parse(text).get_to(*static_cast<S*>(state));
  }
};

template <class S>
struct make_for_key {
  std::string key;
  void operator()(std::optional<S>& state, context&) const {
    if constexpr (!std::is_aggregate_v<S> && std::is_constructible_v<S, const std::string&>)
      state.emplace(key);
    else
      state.emplace();
  }
};

template <class S>
class keyed_kind_of final : public keyed_kind {
public:
  using keyed_kind::keyed_kind;

  [[nodiscard]] cell_ref make(event_loop& home, node_services_ptr node, std::shared_ptr<const cell_kind> kind,
                              const std::string& key) const override {
    cell_ref made{new cell_of<S, make_for_key<S>>{home, std::move(node), std::move(kind),
                                                  make_for_key<S>{key}}};
    if constexpr (json_state<S>)
      if (how.persistence != persistence::none)
        made->keep_state_by(std::make_unique<json_keeper<S>>(name, key, how.persistence));
    return made;
  }
};

/// As ask_awaiter, for a key.
template <class S, class M>
class keyed_ask_awaiter final : public asker {
public:
  keyed_ask_awaiter(host& from, const keyed_ref<S>& to, M&& message)
    : from_(from), to_(to), letter_(new letter_for<S, M>{std::move(message)}) {}
  ~keyed_ask_awaiter() {
    if (!sent_ || answered)
      delete letter_;
    else
      letter_->forget_asker();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    const bool there = send_to_key(from_, to_.kind(), to_.key(), *letter_, this);
    sent_ = true;
    return !there;
  }
  typename letter_for<S, M>::result await_resume() {
    if (letter_->failed)
      throw error{letter_->failed->code, letter_->failed->detail};
    return letter_->take();
  }

private:
  host& from_;
  const keyed_ref<S>& to_;
  letter_for<S, M>* letter_;
  bool sent_ = false;
};

} // namespace detail

template <class S>
keyed<S>::keyed(std::string kind, keyed_options how) {
  if (kind.empty())
    throw std::invalid_argument{"keyed actors need a kind"};
  if (how.persistence != persistence::none && !detail::json_state<S>)
    throw std::logic_error{"the state of keyed \"" + kind + "\" has no to_json and from_json"};
  kind_ = std::make_shared<const detail::keyed_kind_of<S>>(std::move(kind), &detail::type_key<S>,
                                                          std::move(how));
}

template <class S, class Message>
auto context::ask(keyed_ref<S> to, Message message) -> task<answer_of<S, Message>> {
  co_return co_await detail::keyed_ask_awaiter<S, Message>{host_, to, std::move(message)};
}

template <class S, class Message>
void context::tell(const keyed_ref<S>& to, Message message) {
  auto what = std::make_unique<detail::letter_for<S, Message>>(std::move(message));
  detail::send_to_key(host_, to.kind(), to.key(), *what, nullptr);
  static_cast<void>(what.release());
}

} // namespace troupe
