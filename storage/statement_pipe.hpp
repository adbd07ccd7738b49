#pragma once

#include "actors/messages/sql.hpp"

#include <exception>
#include <variant>

namespace troupe::storage {

/// Statements on their way through a session while their caller goes on: for an event loop that watches the
/// session's socket. Nothing of it waits, or throws.
///
/// They end in the order in which they were put in, each as `connection::execute` would have ended it; one that
/// fails takes none of the others along, unless the session is lost. As long as the pipe is there, the session is
/// of use for nothing else. Thread: one at a time. Lifetime: ends before its connection.
class statement_pipe {
public:
  /// Nothing of it is left, for the sake of another one: it is to be executed by itself. `behind_others`: that are
  /// undone, as it may wait for one of them, or for long.
  struct undone {
    bool behind_others = false;
  };
  /// Its result, what `execute` would have thrown, or neither.
  using outcome = std::variant<sql_result, std::exception_ptr, undone>;

  class receiver {
  public:
    /// Of the statement that has been under way for longest.
    virtual void ended(outcome&& what) noexcept = 0;

  protected:
    ~receiver() = default;
  };

  statement_pipe() = default;
  statement_pipe(const statement_pipe&) = delete;
  statement_pipe& operator=(const statement_pipe&) = delete;
  /// Leaves the session to others. REQUIRES: nothing is under way, or the session is lost.
  virtual ~statement_pipe() = default;

  /// To be watched: readable, there is something to `receive`; its owner may close it.
  [[nodiscard]] virtual int socket() const noexcept = 0;

  /// False: it does not fit, and is to be executed by itself; nothing was done. REQUIRES: it stays where it is until
  /// it has ended.
  [[nodiscard]] virtual bool put(const sql_statement& statement) noexcept = 0;

  /// What was put in goes out. False: not all of it, once more when the socket can be written to.
  [[nodiscard]] virtual bool flush() noexcept = 0;

  /// There is something to `receive` that the socket does not tell of.
  [[nodiscard]] virtual bool has_answers() noexcept = 0;

  /// Takes what has come.
  virtual void receive(receiver& to) noexcept = 0;

  /// What is in front has been carried out but for its commit, which the server is at: told to cancel, it might call
  /// committed what it has not replicated.
  [[nodiscard]] virtual bool commits() const noexcept = 0;

  /// What is in front may be at its commit: it changes something.
  [[nodiscard]] virtual bool may_commit() const noexcept = 0;

  /// All that was under way has ended, with `outcome_unknown`; the session is gone.
  [[nodiscard]] virtual bool lost() const noexcept = 0;

  /// False: it is known to be gone; asks the socket. REQUIRES: nothing is under way.
  [[nodiscard]] virtual bool alive() noexcept = 0;
};

} // namespace troupe::storage
