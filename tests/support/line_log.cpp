#include "tests/support/line_log.hpp"

#include <utility>

namespace troupe::test {

void line_log::append(std::string line) {
  std::lock_guard lock{mutex_};
  lines_.push_back(std::move(line));
  changed_.notify_all();
}

void line_log::close() {
  std::lock_guard lock{mutex_};
  closed_ = true;
  changed_.notify_all();
}

std::vector<std::string> line_log::lines() const {
  std::lock_guard lock{mutex_};
  return lines_;
}

std::size_t line_log::size() const {
  std::lock_guard lock{mutex_};
  return lines_.size();
}

std::string line_log::text() const {
  std::string all;
  for (const auto& line : lines())
    all.append(line).append("\n");
  return all;
}

std::optional<std::string> line_log::wait_for(const predicate& matches, milliseconds limit,
                                              std::size_t from) const {
  const deadline end{limit};
  std::unique_lock lock{mutex_};
  for (std::size_t next = from;;) {
    for (; next < lines_.size(); ++next)
      if (matches(lines_[next]))
        return lines_[next];
    if (closed_)
      return std::nullopt;
    if (changed_.wait_until(lock, end.when()) == std::cv_status::timeout && next >= lines_.size())
      return std::nullopt;
  }
}

bool line_log::wait_until_closed(milliseconds limit) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_until(lock, deadline{limit}.when(), [this] { return closed_; });
}

} // namespace troupe::test
