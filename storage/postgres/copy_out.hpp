#pragma once

#include "storage/postgres/detail/pqxx_compat.hpp"
#include "storage/postgres/libpq.hpp"

#include <chrono>
#include <string>

namespace troupe::storage::postgres {

/// A COPY ... TO STDOUT on a session, which can do nothing else as long as it is under way. Errors: `refusal`, also
/// when the session is gone. Thread: its connection's.
class copy_out {
public:
  /// `step`: in which something has to come, each time; 0: at any time. Where the session is encrypted by
  /// GSSAPI it is the server's limit for all of it.
  copy_out(PGconn* session, std::chrono::milliseconds step) noexcept : session_(session), step_(step) {}

  /// Begins it. Throws what is refused before its first line, too. REQUIRES: none is under way; in a transaction.
  void begin(const std::string& sql, const text_parameters& parameters, bool with_header);

  /// Whole lines; none: it has ended.
  [[nodiscard]] std::string next();

  [[nodiscard]] bool under_way() const noexcept { return under_way_; }

private:
  void lift_limit();
  [[nodiscard]] bool has_come(std::chrono::milliseconds patience) const;
  [[nodiscard]] bool waits_itself() const noexcept;
  void wait_for_more();
  void end(result_ptr last);

  PGconn* session_;
  std::chrono::milliseconds step_;
  bool under_way_ = false;
  bool end_is_due_ = false; // to be told
};

/// `sql` with its parameters in it, each as a literal that the server reads as it would have read the parameter: COPY
/// takes none. A text that names others throws statement_error{internal}.
[[nodiscard]] std::string with_literals(PGconn* session, const std::string& sql, const text_parameters& parameters);

} // namespace troupe::storage::postgres
