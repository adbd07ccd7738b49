#include "gateway/listening.hpp"

#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

namespace troupe::gateway {

namespace {

constexpr int backlog = 4096;

[[noreturn]] void throw_errno() {
  throw std::system_error(errno, std::generic_category());
}

using resolved = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

resolved resolve(const config::endpoint& where) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  auto code = getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  if (code != 0)
    throw std::system_error(std::make_error_code(std::errc::address_not_available),
                            gai_strerror(code));
  return {found, &freeaddrinfo};
}

listening_socket bind_and_listen(const addrinfo& address, bool shared) {
  auto handle = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (handle < 0)
    throw_errno();
  listening_socket guard{handle};
  int on = 1;
  setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared && setsockopt(handle, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    throw_errno();
  if (::bind(handle, address.ai_addr, address.ai_addrlen) != 0 || ::listen(handle, backlog) != 0)
    throw_errno();
  return guard;
}

config::endpoint bound_address(const listening_socket& socket, config::endpoint where) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(socket.native(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    throw_errno();
  where.port = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                                 : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return where;
}

} // namespace

listening_socket::~listening_socket() {
  if (handle_ >= 0)
    ::close(handle_);
}

listening_sockets listen_on(const config::endpoint& where, unsigned count, sharing how) {
  // A shared port can be bound by a second process of the same user: ask without sharing first.
  if (where.port != 0 && how == sharing::none)
    static_cast<void>(bind_and_listen(*resolve(where), false));
  listening_sockets out{where, {}, how};
  for (unsigned i = 0; i < count; ++i) {
    out.sockets.push_back(bind_and_listen(*resolve(out.where), true));
    out.where = bound_address(out.sockets.front(), out.where);
  }
  // What a process before the present one has left there would count its sockets for its own.
  if (how == sharing::with_successor)
    stop_steering(out.sockets.front().native());
  return out;
}

void stop_steering(int socket) noexcept {
  int unused = 0;
  setsockopt(socket, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused);
}

void steer_to_successor(int socket, unsigned own) noexcept {
  // The kernel numbers the sockets of an address in the order in which they came, and fills the gaps of
  // those that have gone from the end: the older process has 0 to own - 1. A number that is none is
  // ignored.
  sock_filter to_next{BPF_RET | BPF_K, 0, 0, own};
  sock_fprog program{1, &to_next};
  setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

} // namespace troupe::gateway
