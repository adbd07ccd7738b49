#include "storage/postgres/postgres_connection.hpp"

#include "storage/detail/prepared_cache.hpp"
#include "storage/detail/sql_text.hpp"
#include "storage/postgres/detail/pqxx_compat.hpp"
#include "storage/postgres/libpq.hpp"
#include "storage/postgres/sqlstate.hpp"
#include "storage/postgres/values.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe::storage::postgres {

namespace {

class postgres_connection final : public connection {
public:
  postgres_connection(const std::string& url, std::chrono::milliseconds timeout)
    : raw_(connect_session(url, timeout)), session_(adopt(raw_)), socket_(dup(PQsocket(raw_))),
      cache_(prepared_statements) {
    log_notices(raw_); // libpqxx has set its own
  }

  ~postgres_connection() override {
    if (socket_ >= 0)
      close(socket_);
  }

  sql_result execute(const sql_statement& statement) override {
    check_statement(statement);
    require_session();
    const encoded_parameters parameters{statement.parameters};
    const before now{in_transaction(), PQtransactionStatus(raw_) == PQTRANS_INERROR};
    if (const auto* known = cache_.find(statement.sql)) {
      try {
        return run(*known, parameters, now);
      } catch (const stale_plan& stale) {
        forget(statement.sql);
        if (now.in_transaction)
          throw statement_error{errc::unavailable, "the database's tables have just changed",
                                stale.what()};
      } catch (const statement_error& e) {
        // The types of parameters are those of the day when it was prepared; columns may have
        // changed theirs since, and the next run is to notice.
        if (e.code() == errc::unprocessable || e.code() == errc::internal)
          forget(statement.sql);
        throw;
      }
    }
    const auto& fresh = prepare(statement.sql);
    try {
      return run(fresh, parameters, now);
    } catch (const stale_plan& not_stale) {
      throw statement_error{errc::internal, meaning_of({}).detail, not_stale.what()};
    }
  }

  void run_script(const std::string& sql) override {
    require_session();
    postgres::run_script(raw_, sql);
  }

  bool healthy() noexcept override { return is_alive(raw_); }

  bool in_transaction() noexcept override {
    const auto state = PQtransactionStatus(raw_);
    return state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
  }

  void reset() override {
    require_session();
    if (in_transaction())
      execute({"ROLLBACK", {}});
  }

  void interrupt() noexcept override { shutdown(socket_, SHUT_RDWR); }

  backend kind() const noexcept override { return backend::postgres; }

private:
  struct prepared {
    std::string name;
    sql_verb verb;
  };

  /// The state of the session in front of a statement.
  struct before {
    bool in_transaction;
    bool in_failed_transaction;
  };

  /// Refused before it ran: the tables have changed since it was prepared, or the server forgot it.
  struct stale_plan : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  void require_session() {
    if (PQstatus(raw_) != CONNECTION_OK)
      throw statement_error{errc::unavailable, meaning_of("08006").detail, "the connection is gone"};
  }

  const prepared& prepare(const std::string& sql) {
    const auto verb = verb_of(sql);
    if (verb == sql_verb::copy)
      throw statement_error{errc::internal, meaning_of({}).detail, "COPY is not possible here"};
    if (cache_.full())
      forgotten_.push_back(cache_.pop_oldest().name);
    unprepare_forgotten();
    prepared made{"troupe_" + std::to_string(++names_given_), verb};
    try {
      postgres::prepare(*session_, made.name, sql);
    } catch (const std::exception& e) {
      rethrow(e);
    }
    return cache_.insert(sql, std::move(made));
  }

  void forget(const std::string& sql) {
    forgotten_.push_back(cache_.find(sql)->name);
    cache_.erase(sql);
  }

  void unprepare_forgotten() {
    // A failed transaction would refuse even that.
    while (!forgotten_.empty() && PQtransactionStatus(raw_) != PQTRANS_INERROR) {
      try {
        session_->unprepare(forgotten_.back());
      } catch (const std::exception& e) {
        const bool gone_already = sqlstate_of(e) == "26000";
        if (!gone_already)
          rethrow(e);
      }
      forgotten_.pop_back();
    }
  }

  sql_result run(const prepared& what, const encoded_parameters& parameters, before then) {
    try {
      pqxx::nontransaction transaction{*session_};
      const auto result = exec_prepared(transaction, what.name, parameters.texts());
      auto out = to_sql_result(result);
      if (what.verb == sql_verb::changes_rows)
        out.affected_rows = static_cast<std::int64_t>(result.affected_rows());
      if (what.verb == sql_verb::commit && then.in_failed_transaction) // the server rolls back and calls it done
        throw statement_error{errc::conflict, "the transaction had failed and was rolled back",
                              "COMMIT of a failed transaction"};
      return out;
    } catch (const statement_error&) {
      throw;
    } catch (const std::exception& e) {
      const auto state = sqlstate_of(e);
      if (state == "26000" || state == "0A000")
        throw stale_plan{state + ' ' + one_line(e.what())};
      rethrow(e);
    }
  }

  [[noreturn]] void rethrow(const std::exception& e) {
    if (PQstatus(raw_) != CONNECTION_OK)
      throw statement_error{errc::unavailable, meaning_of("08006").detail,
                            one_line(PQerrorMessage(raw_))};
    const auto state = sqlstate_of(e);
    const auto what = meaning_of(state);
    throw statement_error{what.code, what.detail, state + ' ' + one_line(e.what())};
  }

  PGconn* raw_; // the session's own
  std::unique_ptr<session> session_;
  int socket_; // for interrupt: libpq may close its own at any time
  prepared_cache<prepared> cache_;
  std::vector<std::string> forgotten_; // still prepared at the server
  std::uint64_t names_given_ = 0;
};

} // namespace

std::unique_ptr<connection> open(const std::string& url, std::chrono::milliseconds timeout) {
  return std::make_unique<postgres_connection>(url, timeout);
}

} // namespace troupe::storage::postgres

#if PQXX_VERSION_MAJOR < 7 && defined(__has_feature)
#if __has_feature(address_sanitizer)
// libpqxx 6.4 forgets the result of a statement during which the connection broke: it asks for the
// connection's encoding, which throws, before it takes the result over.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6\n";
}
#endif
#endif
