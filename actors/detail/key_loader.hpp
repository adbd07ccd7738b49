#pragma once

#include "actors/detail/event_loop.hpp"
#include "actors/detail/key_rows.hpp"
#include "actors/detail/suspended.hpp"
#include "actors/messages/errc.hpp"
#include "actors/messages/sql.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::detail {

class host;
class key_flight;
class key_group;
struct node_database;

/// `co_await key_read{owner, what}`: the rows of one key, `what.parameters[0]`, from a statement for many of them.
/// Lives in the frame: destroying that takes the key out of what has not been sent yet.
class key_read : public suspended {
public:
  /// What comes back.
  using outcome = std::variant<failure, result_part>;

  /// REQUIRES: `what` has a parameter.
  key_read(host& owner, const node_database& of, sql_statement&& what)
    : owner_(owner), of_(of), what_(std::move(what)) {}
  ~key_read();

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting);
  /// Throws `error`.
  result_part await_resume();

  [[nodiscard]] host& owner() const noexcept { return owner_; }
  [[nodiscard]] const node_database& database() const noexcept { return of_; }
  [[nodiscard]] const sql_statement& what() const noexcept { return what_; }
  [[nodiscard]] const sql_value& key() const noexcept { return what_.parameters.front(); }

  void sent_with(key_flight* which) noexcept { in_ = which; }
  /// It goes on in this step of its loop.
  void done(const outcome& value);

private:
  host& owner_;
  const node_database& of_;
  sql_statement what_;
  key_flight* in_ = nullptr; // none: not sent yet, or back
  outcome value_;
};

/// Makes one statement of the reads of single keys that come together on a loop, `ctx.db().coalesce()`: what is
/// asked for in one step of the loop goes out at its end, and what is asked for while that is under way goes out
/// together afterwards. So nothing waits for company while the database has nothing to do. Thread: its loop's.
class key_loader final : public deferred {
public:
  explicit key_loader(event_loop& loop) noexcept;
  key_loader(const key_loader&) = delete;
  key_loader& operator=(const key_loader&) = delete;
  ~key_loader();

  void join(key_read& who);

  /// `which` has something to send at the end of this step, or is not needed any more.
  void ask(key_group& which);
  void run_deferred() override;

private:
  event_loop& loop_;
  std::map<std::string, std::unique_ptr<key_group>, std::less<>> groups_;
  std::vector<key_group*> asked_;
  std::string name_; // of a group that is looked up
};

} // namespace troupe::detail
