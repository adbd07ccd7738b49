#pragma once

/// The one place that knows what differs between libpqxx 6.4 and 7: how a session is built on a
/// libpq connection, how parameters are passed and what the exceptions tell.

#include <libpq-fe.h>
#include <pqxx/pqxx>

#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace troupe::storage::postgres {

/// Parameters in text format, null for NULL; the texts outlive the call.
using text_parameters = std::vector<const char*>;

#if PQXX_VERSION_MAJOR >= 7

using session = pqxx::connection;

/// Takes over `raw`, which is connected.
inline std::unique_ptr<session> adopt(PGconn* raw) {
  return std::make_unique<session>(session::seize_raw_connection(raw));
}

inline pqxx::result exec_prepared(pqxx::transaction_base& on, const std::string& name,
                                  const text_parameters& parameters) {
  pqxx::params values;
  values.reserve(parameters.size());
  for (const auto* text : parameters)
    if (text == nullptr)
      values.append();
    else
      values.append(pqxx::zview{text});
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
  return on.exec(pqxx::prepped{name}, values);
#else
  return on.exec_prepared(name, values);
#endif
}

inline void prepare(session& on, const std::string& name, const std::string& sql) {
  on.prepare(name, sql);
}

#else

/// libpqxx 6 reconnects behind our back; this policy has one connection to give and no second one.
class single_connection : public pqxx::connectionpolicy {
public:
  explicit single_connection(PGconn* raw) : pqxx::connectionpolicy(std::string{}), raw_(raw) {}

  handle do_startconnect(handle present) override {
    if (present != nullptr)
      return present;
    if (raw_ == nullptr)
      throw pqxx::broken_connection{"the connection is gone"};
    return std::exchange(raw_, nullptr);
  }
  handle do_completeconnect(handle present) override { return present; }
  bool is_ready(handle) const noexcept override { return true; }

private:
  PGconn* raw_;
};

struct policy_holder {
  single_connection policy;
};

class session : private policy_holder, public pqxx::connection_base {
public:
  explicit session(PGconn* raw)
    : policy_holder{single_connection{raw}}, pqxx::connection_base(policy) {
    try {
      init();
    } catch (...) {
      close();
      throw;
    }
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() { close(); }
};

inline std::unique_ptr<session> adopt(PGconn* raw) {
  return std::make_unique<session>(raw);
}

inline pqxx::result exec_prepared(pqxx::transaction_base& on, const std::string& name,
                                  const text_parameters& parameters) {
  return on.exec_prepared(name, pqxx::prepare::make_dynamic_params(parameters));
}

inline void prepare(session& on, const std::string& name, const std::string& sql) {
  on.prepare(name, sql);
  try {
    on.prepare_now(name);
  } catch (...) {
    on.unprepare(name); // only forgets it: the server never had it
    throw;
  }
}

#endif

/// SQLSTATE of an exception of libpqxx; empty when it carries none. Some of its classes have
/// dropped the state and only their type tells.
inline std::string sqlstate_of(const std::exception& e) {
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&e); sql && !sql->sqlstate().empty())
    return sql->sqlstate();
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&e) != nullptr)
    return "42501";
  if (dynamic_cast<const pqxx::deadlock_detected*>(&e) != nullptr)
    return "40P01";
  if (dynamic_cast<const pqxx::serialization_failure*>(&e) != nullptr)
    return "40001";
  if (dynamic_cast<const pqxx::transaction_rollback*>(&e) != nullptr)
    return "40000";
  if (dynamic_cast<const pqxx::too_many_connections*>(&e) != nullptr)
    return "53300";
  if (dynamic_cast<const pqxx::broken_connection*>(&e) != nullptr)
    return "08P01"; // libpqxx 6 means the whole class 08 by it
  return {};
}

} // namespace troupe::storage::postgres
