// What the load generators share.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::bench {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline int new_epoll() {
  const int made = epoll_create1(0);
  if (made < 0)
    die("epoll_create1");
  return made;
}

/// Connects `handle` to a port of 127.0.0.1, and has `poll` tell `who` of `events`. False: nobody is there; the socket
/// is the caller's in any case.
inline bool connect_to_loopback(int& handle, int port, int poll, std::uint32_t events, void* who) {
  handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (handle < 0)
    die("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return false;
  const int on = 1;
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = events;
  event.data.ptr = who;
  if (epoll_ctl(poll, EPOLL_CTL_ADD, handle, &event) != 0)
    die("epoll_ctl");
  return true;
}

} // namespace troupe::bench
