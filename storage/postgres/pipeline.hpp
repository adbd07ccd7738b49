#pragma once

#include "storage/postgres/libpq.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace troupe::storage::postgres {

/// A prepared statement on its way to the server together with others.
struct pipelined {
  const char* name;
  const char* const* parameters; ///< texts; null for NULL
  std::size_t parameter_count;
  /// Which of those that stand beside each other share a transaction with it. Reads do so that the server sends their
  /// answers together, changes so that one commit does for all of them.
  enum class company : std::uint8_t { none, reads, changes } with;
  bool changes = false; ///< by its text: it may commit something
};

/// libpq's pipeline mode on a session that does not block: statements go out without waiting for the answers to
/// those before them. As long as it lives the session is of use for nothing else.
///
/// Thread: one at a time. REQUIRES: no transaction is open.
class pipeline {
public:
  enum class outcome : std::uint8_t {
    unknown, ///< the session was lost: it may have been carried out
    undone,  ///< not carried out, or rolled back with another one: to be run again
    spoiled, ///< the same, and it was this one that failed, perhaps for what another one did
    failed,  ///< refused; nothing of it is left
    done,
  };

  class receiver {
  public:
    /// Of the statement that has been under way for longest. The result is there when it is done or failed.
    virtual void ended(outcome how, result_ptr&& result) = 0;

  protected:
    ~receiver() = default;
  };

  explicit pipeline(PGconn* session) noexcept;
  pipeline(const pipeline&) = delete;
  pipeline& operator=(const pipeline&) = delete;
  /// REQUIRES: nothing is under way, or the session is not used any more.
  ~pipeline();

  /// False: it is none, and the session is of no use.
  [[nodiscard]] bool entered() const noexcept { return entered_; }

  /// False: it was not sent.
  [[nodiscard]] bool send(const pipelined& what);

  /// What was sent goes out. False: not all of it yet, as the socket takes no more.
  [[nodiscard]] bool flush();

  /// Some have come already: who writes reads, too, so that the socket does not tell of them.
  [[nodiscard]] bool has_answers() noexcept;

  /// Takes what has come, without waiting; a turn for each statement that has ended, in their order. When the
  /// session is lost that is all of them.
  void receive(receiver& to);

  /// Of the transaction in front only the end is to come.
  [[nodiscard]] bool commits() const noexcept {
    return !groups_.empty() && groups_.front().results.size() == groups_.front().statements;
  }

  [[nodiscard]] bool lost() const noexcept { return lost_; }

private:
  /// Statements that share a transaction.
  struct group {
    std::size_t statements = 0;
    pipelined::company with = pipelined::company::none;
    bool changes = false;
    std::vector<result_ptr> results; // as far as they have come
    result_ptr refused;              // the transaction's end was
  };

  void end_group();
  [[nodiscard]] bool take_one(receiver& to);
  static void judge(group&& what, receiver& to);
  void lose(receiver& to);

  PGconn* session_;
  bool entered_;
  bool lost_ = false;
  bool open_ = false;          // the last group may be joined
  bool between_ = false;       // a statement's result has come, its end has not
  unsigned nothing_ = 0;       // has come so many times in a row
  std::deque<group> groups_;
};

} // namespace troupe::storage::postgres
