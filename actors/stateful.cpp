#include "actors/stateful.hpp"

#include "actors/detail/event_loop.hpp"

#include <atomic>

namespace troupe {

namespace detail {

namespace {

/// Resumes a coroutine when an actor has ended, on the coroutine's own loop.
class end_of_actor final : public end_watcher, public std::enable_shared_from_this<end_of_actor> {
public:
  explicit end_of_actor(event_loop& home) : home_(home) {}

  void actor_ended(const std::string& reason) override {
    struct news final : parcel {
      void arrive() override {
        to->arrived = true;
        to->why = std::move(why);
        to->waiting.wake_all();
        delete this;
      }
      void discard() noexcept override { delete this; }
      std::shared_ptr<end_of_actor> to;
      std::string why;
    };
    auto* made = new news;
    made->to = shared_from_this();
    made->why = reason;
    home_.send(*made);
  }

  // The home loop's thread only.
  bool arrived = false;
  std::string why;
  wait_list waiting;

private:
  event_loop& home_;
};

struct end_awaiter : suspended {
  explicit end_awaiter(end_of_actor& of) : of_(of) {}
  bool await_ready() const noexcept { return of_.arrived; }
  void await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    of_.waiting.push_back(*this);
  }
  void await_resume() const noexcept {}
  end_of_actor& of_;
};

/// Calls `fn(*whom)` on its loop, at once where that is this one.
template <class F>
void on_its_loop(const cell_ref& whom, F fn) {
  struct request final : parcel {
    request(cell_ref w, F&& f) : whom(std::move(w)), fn(std::move(f)) {}
    void arrive() override {
      fn(*whom);
      delete this;
    }
    void discard() noexcept override { delete this; }
    cell_ref whom;
    F fn;
  };
  if (&whom->loop() == event_loop::current())
    fn(*whom);
  else
    whom->loop().send(*new request{whom, std::move(fn)});
}

} // namespace

event_loop& home_for(host& owner, placement where) {
  const auto& loops = owner.node().loops;
  if (where == placement::here || loops.empty())
    return owner.loop();
  static std::atomic<std::size_t> turn{0};
  return *loops[turn.fetch_add(1, std::memory_order_relaxed) % loops.size()];
}

task<std::string> wait_for_end(cell_ref whom) {
  auto end = std::make_shared<end_of_actor>(*event_loop::current());
  on_its_loop(whom, [end](state_cell& at) { at.watch(end); });
  co_await end_awaiter{*end};
  co_return end->why;
}

void link_cells(const cell_ref& one, const cell_ref& other) {
  // One half after the other, and what `one` has to tell goes the same way behind the second.
  on_its_loop(one, [one, other](state_cell& at) {
    if (at.ended())
      return;
    at.link_to(other);
    on_its_loop(other, [one](state_cell& there) { there.link_to(one); });
  });
}

void tell_cell(letter* what, const cell_ref& to) {
  what->to = to;
  what->send(nullptr);
}

} // namespace detail

detail::host& supervisor::owner() const {
  auto* found = own_->owner();
  if (found == nullptr)
    throw std::logic_error{"the supervisor's actor has ended"};
  return *found;
}

} // namespace troupe
