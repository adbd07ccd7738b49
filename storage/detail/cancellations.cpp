#include "storage/detail/cancellations.hpp"

#include <system_error>
#include <thread>
#include <utility>

namespace troupe::storage {

bool cancellations::begin(std::function<void()> how, std::function<void()> told) {
  if (under_way_->fetch_add(1) >= most_at_once) {
    under_way_->fetch_sub(1);
    return false;
  }
  try {
    std::thread{[how = std::move(how), told = std::move(told), under_way = under_way_] {
      how();
      under_way->fetch_sub(1);
      told();
    }}.detach();
  } catch (const std::system_error&) {
    under_way_->fetch_sub(1);
    return false;
  }
  return true;
}

} // namespace troupe::storage
