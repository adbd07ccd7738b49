#include "actors/detail/poller.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace troupe::detail {

namespace {

int new_epoll() {
  const auto made = ::epoll_create1(EPOLL_CLOEXEC);
  if (made < 0)
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return made;
}

} // namespace

poller::poller(boost::asio::io_context& io) : io_(io), epoll_(io.get_executor(), new_epoll()) {
  wait();
}

bool poller::add(int socket, watched& who, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  return ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket, &event) == 0;
}

void poller::change(int socket, watched& who, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, socket, &event);
}

void poller::remove(int socket, watched& who) noexcept {
  epoll_event ignored{};
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, socket, &ignored);
  for (auto i = ready_at_; i < ready_end_; ++i)
    if (ready_[i].data.ptr == &who)
      ready_[i].data.ptr = nullptr;
  for (auto* list : {&again_, &again_now_})
    std::replace(list->begin(), list->end(), &who, static_cast<watched*>(nullptr));
}

void poller::again(watched& who) {
  again_.push_back(&who);
  if (again_.size() > 1)
    return;
  boost::asio::post(io_, [this, alive = std::weak_ptr<void>{alive_}] {
    if (!alive.expired())
      take_again();
  });
}

void poller::wait() {
  epoll_.async_wait(decltype(epoll_)::wait_read,
                    [this, alive = std::weak_ptr<void>{alive_}](const boost::system::error_code& ec) {
                      if (alive.expired() || ec)
                        return;
                      take_ready();
                      wait(); // which finds those that were left
                    });
}

void poller::take_ready() {
  const auto count = ::epoll_wait(epoll_.native_handle(), ready_.data(), most_at_once, 0);
  ready_end_ = static_cast<std::size_t>(std::max(count, 0));
  for (ready_at_ = 0; ready_at_ < ready_end_;) {
    const auto& each = ready_[ready_at_++];
    if (each.data.ptr != nullptr)
      static_cast<watched*>(each.data.ptr)->on_socket(each.events);
  }
}

void poller::take_again() {
  again_now_.swap(again_);
  for (std::size_t i = 0; i < again_now_.size(); ++i)
    if (again_now_[i] != nullptr)
      again_now_[i]->on_socket(0);
  again_now_.clear();
}

} // namespace troupe::detail
