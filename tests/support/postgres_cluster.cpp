#include "tests/support/postgres_cluster.hpp"

#include "tests/support/free_port.hpp"
#include "tests/support/postgres_programs.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <pwd.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace troupe::test {

namespace {

std::string server_user() {
  const char* name = std::getenv("TROUPE_TEST_PG_USER");
  return name != nullptr ? name : "postgres";
}

} // namespace

postgres_cluster::postgres_cluster()
    : port_(free_port()),
      url_("postgres://troupe@127.0.0.1:" + std::to_string(port_) + "/postgres") {
  give_to_server_user(folder_.path());
  auto made = run_to_end(as_server_user("initdb", {"-D", "data", "-U", "troupe", "-A", "trust",
                                                   "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"}),
                         program_limit);
  if (made.status != exit_status{})
    throw std::runtime_error{"initdb: " + made.out + made.err};
  start();
}

postgres_cluster::~postgres_cluster() {
  stop();
}

void postgres_cluster::stop() {
  if (!server_)
    return;
  server_->signal(SIGQUIT); // an immediate shutdown
  server_->wait();
  server_.reset();
}

void postgres_cluster::give_to_server_user(const std::string& path) const {
  if (::geteuid() != 0)
    return;
  const passwd* user = ::getpwnam(server_user().c_str());
  if (user == nullptr || ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
    throw std::runtime_error{"no user " + server_user() + " to run PostgreSQL"};
}

void postgres_cluster::use_tls(const certificate_files& with) {
  namespace fs = std::filesystem;
  stop();
  tls_ = {"-c", "ssl=on"};
  for (const auto& [setting, from] : {std::pair{"ssl_cert_file", with.certificate}, std::pair{"ssl_key_file", with.key}}) {
    const auto copy = (fs::path{folder_.path()} / setting).string();
    fs::copy_file(from, copy, fs::copy_options::overwrite_existing);
    fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write); // or the server refuses the key
    give_to_server_user(copy);
    tls_.insert(tls_.end(), {"-c", setting + ("=" + copy)});
  }
  start();
}

void postgres_cluster::freeze() {
  server_->signal(SIGSTOP);
}

void postgres_cluster::thaw() {
  server_->signal(SIGCONT);
}

void postgres_cluster::start() {
  std::vector<std::string> arguments{"-D", "data", "-c", "listen_addresses=127.0.0.1", "-c",
                                     "port=" + std::to_string(port_), "-c", "unix_socket_directories=", "-c",
                                     "fsync=off", "-c", "dynamic_shared_memory_type=mmap"};
  arguments.insert(arguments.end(), tls_.begin(), tls_.end());
  server_ = std::make_unique<child_process>(as_server_user("postgres", arguments));
  auto ready = server_->err().wait_for([](const std::string& line) {
    return line.find("ready to accept connections") != std::string::npos;
  }, program_limit);
  if (!ready)
    throw std::runtime_error{"PostgreSQL did not start: " + server_->err().text()};
}

command postgres_cluster::as_server_user(const std::string& program,
                                         std::vector<std::string> arguments) const {
  auto path = (postgres_programs().value() / program).string();
  if (::geteuid() != 0)
    return {path, std::move(arguments), {}, folder_.path()};
  // A change of user clears the signal that ends a child with its parent: set it again.
  std::vector<std::string> all{"--reuid=" + server_user(),
                               "--regid=" + server_user(),
                               "--init-groups",
                               "--pdeathsig=KILL",
                               "--",
                               path};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return {"setpriv", std::move(all), {}, folder_.path()};
}

} // namespace troupe::test
