#include "actors/row_stream.hpp"

#include "actors/database.hpp"
#include "actors/detail/host.hpp"

#include <atomic>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace troupe {

namespace {

constexpr std::size_t rows_of_a_step = 1'000;

/// Replies to it are for nobody: the courier has no such call.
constexpr std::uint64_t no_call = 0;

std::uint64_t next_cursor() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

} // namespace

/// What is behind a `row_stream`. A step that is under way keeps it alive.
///
///                first step              fewer rows than asked for
///     not_begun ------------> running <-> open ---------------------> ended
///                                |
///                                +--> failed: an error, or destroyed where it waited
class detail::row_source final : public statements {
public:
  row_source(host& owner, held_connection on, sql_statement what)
    : statements(owner, std::move(on)), what_(std::move(what)), by_itself_(!held_.connection) {
    what_.shared = false;
    what_.key_column.clear();
    what_.steps.rows = rows_of_a_step;
    what_.steps.cursor = next_cursor();
  }
  row_source(const row_source&) = delete;
  row_source& operator=(const row_source&) = delete;
  ~row_source() { let_go(); }

  void set_step(std::size_t rows) noexcept { what_.steps.rows = rows; }
  void give_text(sql_steps::form as) noexcept {
    what_.steps.as = as;
    what_.steps.rows = 1; // which is a piece of it
  }

  static task<std::optional<rows>> next(std::shared_ptr<row_source> of) {
    if (of->now_ == state::failed)
      std::rethrow_exception(of->why_);
    if (of->now_ == state::ended)
      co_return std::nullopt;
    if (of->now_ == state::running)
      throw std::logic_error{"a second step of these rows beside the one that is under way"};
    const running_step step{*of};
    const auto wanted = of->what_.steps.rows;
    try {
      auto found = co_await of->fetch();
      co_return of->take(std::move(found), wanted);
    } catch (...) {
      of->fail(std::current_exception());
      throw;
    }
  }

private:
  enum class state : std::uint8_t { not_begun, running, open, ended, failed };

  class running_step {
  public:
    explicit running_step(row_source& of) : of_(of) { of_.now_ = state::running; }
    running_step(const running_step&) = delete;
    running_step& operator=(const running_step&) = delete;
    ~running_step() {
      if (of_.now_ == state::running)
        of_.fail(std::make_exception_ptr(error{errc::conflict, "a step of these rows was given up"}));
    }

  private:
    row_source& of_;
  };

  task<rows> fetch() {
    if (what_.steps.what == sql_steps::kind::none) {
      if (by_itself_) {
        own_.reset(new transaction{*host_, held_.of});
        co_await own_->begin({.read_only = true});
        held_ = own_->held_;
      }
      what_.steps.what = sql_steps::kind::open;
      what_.steps.lease = held_.lease;
    } else {
      what_.steps.what = sql_steps::kind::fetch;
      what_.parameters.clear();
    }
    co_return co_await run(*host_, held_, what_);
  }

  std::optional<rows> take(rows&& found, std::size_t wanted) {
    now_ = state::open;
    if (found.size() == wanted)
      return std::move(found);
    now_ = state::ended;
    own_.reset();
    if (found.empty())
      return std::nullopt;
    return std::move(found);
  }

  void fail(std::exception_ptr why) noexcept {
    let_go();
    why_ = std::move(why);
    now_ = state::failed;
  }

  /// Of its own connection nothing remains to be told: what is open ends with the transaction.
  void let_go() noexcept {
    const bool may_be_open = now_ == state::running || now_ == state::open;
    own_.reset();
    if (by_itself_ || !may_be_open)
      return;
    what_.steps.what = sql_steps::kind::close;
    host_->courier().send_statement(held_.connection, no_call, std::move(what_));
  }

  sql_statement what_;
  bool by_itself_;
  std::unique_ptr<transaction> own_; // none: another's, or not begun, or over
  state now_ = state::not_begun;
  std::exception_ptr why_;
};

row_stream::row_stream(detail::host& owner, const detail::held_connection& on, sql_statement what)
  : source_(std::make_shared<detail::row_source>(owner, on, std::move(what))) {}

row_stream row_stream::in_steps_of(std::size_t rows) && {
  if (rows == 0 || rows > most_rows)
    throw std::invalid_argument{"steps of " + std::to_string(rows) + " rows: expected 1 to "
                                + std::to_string(most_rows)};
  source_->set_step(rows);
  return std::move(*this);
}

void row_stream::give_text(sql_steps::form as) noexcept {
  source_->give_text(as);
}

task<std::optional<rows>> row_stream::next() {
  return detail::row_source::next(source_);
}

} // namespace troupe
