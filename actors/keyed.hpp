#pragma once

#include "actors/context.hpp"
#include "actors/detail/keyed_directory.hpp"
#include "actors/detail/keyed_registry.hpp"
#include "actors/detail/keyed_search.hpp"
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

namespace detail {

template <class S, class M>
task<std::string> serve_peer(context& ctx, std::shared_ptr<const keyed_kind> kind, std::string key,
                             std::string message);

} // namespace detail

/// Stateful actors that are addressed by a key: `keyed<account> accounts{"accounts"}`, then
/// `co_await ctx.ask(accounts["alice"], deposit{5})`.
///
/// The actor of a key is made by its first message, on the event loop that the key falls to, and ended
/// when nobody has sent it anything for some time; there is at most one for each key in the node, or in the cluster
/// (keyed_options::scope). Its
/// state is S by default, or S{key} where S has a constructor for that. With persistence (see
/// keyed_options) its state is loaded from the node's database when it is made, and saved there: S
/// needs to_json and from_json as nlohmann/json has them (NLOHMANN_DEFINE_TYPE_INTRUSIVE). The rows
/// are in the table troupe_actors(kind, key, state, version), made at first use.
///
/// Beside what an ask of any stateful actor can throw: error{unavailable} when the state cannot be
/// loaded or the node is stopping, the database's own error when a change cannot be saved, and
/// error{conflict} when another node has changed it meanwhile. Of the whole cluster: error{node_lost} when the actor's
/// node was lost before it answered, so that nobody knows whether the message was handled.
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
  template <class T, class M>
  friend task<std::string> detail::serve_peer(context&, std::shared_ptr<const detail::keyed_kind>, std::string,
                                              std::string);

  [[nodiscard]] static keyed_ref of(std::shared_ptr<const detail::keyed_kind> kind, std::string key) {
    return {std::move(kind), std::move(key)};
  }
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

/// Can go to another node, and an answer back.
template <class T>
concept json_message = std::is_void_v<T> || (std::is_empty_v<T> && std::is_default_constructible_v<T>)
                       || (std::is_default_constructible_v<T> && json_state<T>);

template <class T>
std::string to_wire(const T& what) {
  if constexpr (std::is_empty_v<T>)
    return {};
  else
    return nlohmann::json(what).dump();
}

template <class T>
T from_wire(const std::string& text) {
  if constexpr (std::is_void_v<T>)
    return;
  else if constexpr (std::is_empty_v<T>)
    return T{};
  else
    return nlohmann::json::parse(text).template get<T>();
}

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
        made->keep_state_by(
          std::make_unique<json_keeper<S>>(name, key, how.persistence, how.scope == keyed_scope::cluster));
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
    if (letter_->moved)
      throw moved_error{};
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

/// For a message that has come from another node.
template <class S, class M>
task<std::string> serve_peer(context& ctx, std::shared_ptr<const keyed_kind> kind, std::string key,
                             std::string message) {
  const auto to = keyed_ref<S>::of(std::move(kind), std::move(key));
  using answer = answer_of<S, M>;
  if constexpr (std::is_void_v<answer>) {
    co_await keyed_ask_awaiter<S, M>{ctx.host(), to, from_wire<M>(message)};
    co_return std::string{};
  } else {
    co_return to_wire<answer>(co_await keyed_ask_awaiter<S, M>{ctx.host(), to, from_wire<M>(message)});
  }
}

template <class S, class M>
inline constexpr bool may_travel = json_message<M> && json_message<answer_of<S, M>> && std::is_copy_constructible_v<M>;

/// Makes the message known to the program, because somewhere in it somebody sends it.
template <class S, class M>
inline const bool is_known_to_peers = [] {
  keyed_registry::of_program().add(&type_key<S>, type_name<M>(), &serve_peer<S, M>);
  return true;
}();

template <class S, class M>
task<answer_of<S, M>> ask_in_cluster(host& from, keyed_ref<S> to, M message) {
  static_cast<void>(is_known_to_peers<S, M>);
  keyed_search place{from, to.kind(), to.key()};
  for (;;) {
    const bool here = co_await place.next();
    try {
      if (here)
        co_return co_await keyed_ask_awaiter<S, M>{from, to, M{message}};
      co_return from_wire<answer_of<S, M>>(co_await place.ask(type_name<M>(), to_wire(message)));
    } catch (const moved_error&) { // it is looked for again
    }
  }
}

/// What cannot be written down stays on its node.
template <class S, class M>
void refuse_to_travel() {
  throw error{errc::internal, "a message of type " + std::string{type_name<M>()}
                                + ", or its answer, has no to_json and from_json: it cannot go to another node"};
}

} // namespace detail

template <class S>
keyed<S>::keyed(std::string kind, keyed_options how) {
  if (kind.empty())
    throw std::invalid_argument{"keyed actors need a kind"};
  if (how.persistence != persistence::none && !detail::json_state<S>)
    throw std::logic_error{"the state of keyed \"" + kind + "\" has no to_json and from_json"};
  kind_ = std::make_shared<const detail::keyed_kind_of<S>>(std::move(kind), &detail::type_key<S>,
                                                          std::move(how));
  if (kind_->how.scope == keyed_scope::cluster)
    detail::keyed_registry::of_program().add(kind_);
}

template <class S, class Message>
auto context::ask(keyed_ref<S> to, Message message) -> task<answer_of<S, Message>> {
  if (to.kind()->how.scope == keyed_scope::cluster) {
    if constexpr (detail::may_travel<S, Message>)
      co_return co_await detail::ask_in_cluster<S, Message>(host_, std::move(to), std::move(message));
    else
      detail::refuse_to_travel<S, Message>();
  }
  co_return co_await detail::keyed_ask_awaiter<S, Message>{host_, to, std::move(message)};
}

template <class S, class Message>
void context::tell(const keyed_ref<S>& to, Message message) {
  if (to.kind()->how.scope == keyed_scope::cluster) {
    if constexpr (detail::may_travel<S, Message>) {
      static_cast<void>(detail::is_known_to_peers<S, Message>);
      const auto write = [](const void* what) { return detail::to_wire(*static_cast<const Message*>(what)); };
      if (detail::tell_elsewhere(host_, to.kind(), to.key(), detail::type_name<Message>(), write, &message))
        return;
    } else {
      detail::refuse_to_travel<S, Message>();
    }
  }
  auto what = std::make_unique<detail::letter_for<S, Message>>(std::move(message));
  detail::send_to_key(host_, to.kind(), to.key(), *what, nullptr);
  static_cast<void>(what.release());
}

} // namespace troupe
