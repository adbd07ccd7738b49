#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace troupe::storage {

/// The prepared statements of one connection by SQL text; the least recently used go first.
/// Pointers stay valid until their entry is removed.
template <class Prepared>
class prepared_cache {
public:
  explicit prepared_cache(std::size_t capacity) : capacity_(capacity) {}

  /// Null when there is none; otherwise the entry is now the most recently used.
  [[nodiscard]] Prepared* find(std::string_view sql) {
    if (!entries_.empty() && entries_.front().first == sql) // as is most often so
      return &entries_.front().second;
    auto found = index_.find(sql);
    if (found == index_.end())
      return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  /// REQUIRES: no entry for `sql`.
  Prepared& insert(std::string sql, Prepared prepared) {
    entries_.emplace_front(std::move(sql), std::move(prepared));
    index_.emplace(entries_.front().first, entries_.begin());
    return entries_.front().second;
  }

  [[nodiscard]] bool full() const noexcept { return entries_.size() >= capacity_; }

  /// Takes the least recently used entry out. REQUIRES: not empty.
  Prepared pop_oldest() {
    auto oldest = std::move(entries_.back().second);
    index_.erase(entries_.back().first);
    entries_.pop_back();
    return oldest;
  }

  void erase(std::string_view sql) {
    auto found = index_.find(sql);
    if (found == index_.end())
      return;
    auto position = found->second;
    index_.erase(found); // before the text that its key looks at
    entries_.erase(position);
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  using entry = std::pair<std::string, Prepared>;

  std::size_t capacity_;
  std::list<entry> entries_;
  std::unordered_map<std::string_view, typename std::list<entry>::iterator> index_;
};

/// Statements that one connection keeps prepared.
inline constexpr std::size_t prepared_statements = 256;

} // namespace troupe::storage
