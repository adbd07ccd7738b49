#pragma once

#include "actors/messages/errc.hpp"
#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/messages/sql.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>

namespace troupe {

/// Stands first in every message that wants an answer and, with the same value, first in the
/// answer. Chosen by the caller, meaningful to it alone.
struct call_id {
  std::uint64_t value = 0;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, call_id& x) {
    return f(x.value);
  }
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, failure& x) {
  return f(x.code, x.detail);
}

/// Answer to `sql_acquire`: a connection actor that serves nobody else until `sql_release`.
struct sql_lease {
  caf::actor connection;
  std::uint64_t lease = 0;
};

} // namespace troupe

// Within one node only: these are never serialized.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::sql_statement)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::sql_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::sql_acquire)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::sql_listen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::sql_release)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::sql_abandoned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::sql_lease)
