#include "actors/detail/host.hpp"

#include "actors/detail/event_loop.hpp"
#include "actors/detail/spawned.hpp"
#include "actors/detail/supervision.hpp"
#include "actors/join_handle.hpp"

namespace troupe::detail {

host::host(event_loop& loop, node_services_ptr node) : loop_(loop), node_(std::move(node)) {}

host::~host() = default;

timer_queue& host::timers() const noexcept {
  return loop_.timers();
}

courier& host::courier() const noexcept {
  return loop_.courier();
}

std::optional<trace_context> host::trace() const {
  const auto* running = loop_.running();
  if (running == nullptr || !running->trace)
    return std::nullopt;
  return *running->trace;
}

supervision& host::children() {
  if (!children_)
    children_ = std::make_shared<supervision>(*this, supervisor_options{});
  return *children_;
}

void host::enlist() noexcept {
  if (std::exchange(listed_, true))
    return;
  auto*& first = loop_.hosts_;
  next_host_ = first;
  if (first != nullptr)
    first->previous_host_ = this;
  first = this;
}

void host::unlist() noexcept {
  if (!std::exchange(listed_, false))
    return;
  if (next_host_ != nullptr)
    next_host_->previous_host_ = previous_host_;
  (previous_host_ != nullptr ? previous_host_->next_host_ : loop_.hosts_) = next_host_;
  next_host_ = previous_host_ = nullptr;
}

void host::end_children(const char* why) noexcept {
  const auto cancelled =
    first_spawned_ == nullptr
      ? std::exception_ptr{}
      : std::make_exception_ptr(task_cancelled{std::string{"the task was cancelled: "} + why});
  while (first_spawned_ != nullptr) {
    const auto kept = first_spawned_->shared_from_this();
    kept->cancel(cancelled);
    kept->unlist();
  }
  if (const auto doomed = std::exchange(children_, nullptr))
    doomed->end_all();
}

} // namespace troupe::detail
