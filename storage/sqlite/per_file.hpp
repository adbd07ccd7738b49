#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>

namespace troupe::storage::sqlite {

/// The T of a database file, one for this process, whatever the spelling of its path; made when there is none, gone
/// with who has it last. Any thread.
template <class T>
std::shared_ptr<T> of_file(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<T>> all;
  std::error_code ignored;
  namespace fs = std::filesystem;
  auto canonical = fs::weakly_canonical(fs::absolute(path, ignored), ignored).string();
  const std::lock_guard lock{mutex};
  auto& known = all[canonical.empty() ? path : canonical];
  auto found = known.lock();
  if (!found) {
    found = std::make_shared<T>();
    known = found;
  }
  return found;
}

} // namespace troupe::storage::sqlite
