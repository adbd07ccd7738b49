#include "actors/detail/new_file.hpp"

#include "actors/messages/errc.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace troupe::detail {

new_file::new_file(std::filesystem::path path)
  : path_(std::move(path)),
    file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
  if (file_)
    return;
  if (errno == EEXIST)
    throw error{errc::conflict, "there is a file of that name already"};
  fail(errno);
}

new_file::~new_file() {
  if (!kept_)
    ::unlink(path_.c_str());
}

void new_file::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto done = ::write(file_.get(), bytes.data(), bytes.size());
    if (done >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(done));
    else if (errno != EINTR)
      fail(errno);
  }
}

void new_file::keep() {
  if (::close(file_.release()) != 0)
    fail(errno);
  kept_ = true;
}

void new_file::fail(int error) const {
  throw std::system_error{error, std::generic_category(), "file " + path_.string()};
}

} // namespace troupe::detail
