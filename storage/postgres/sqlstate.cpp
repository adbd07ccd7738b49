#include "storage/postgres/sqlstate.hpp"

#include <array>
#include <utility>

namespace troupe::storage::postgres {

namespace {

constexpr meaning away{errc::unavailable, "the database is not available"};
constexpr meaning unknown{errc::outcome_unknown,
                          "the database was lost under the statement: whether it took effect is not known"};
constexpr meaning exhausted{errc::unavailable, "the database is short of resources"};
constexpr meaning locked{errc::unavailable, "the database is busy"};
constexpr meaning cancelled{errc::deadline_exceeded, "the statement took too long"};
constexpr meaning lost_race{errc::serialization_failure, "a transaction at the same time got in the way"};
constexpr meaning undone{errc::conflict, "the transaction was rolled back"};
constexpr meaning taken{errc::conflict, "a row with this value exists already"};
constexpr meaning dangling{errc::conflict,
                           "another row that is referred to is missing, or still refers to this"};
constexpr meaning missing{errc::unprocessable, "a required value is missing"};
constexpr meaning not_accepted{errc::unprocessable, "a value is not one that the database accepts"};
constexpr meaning misfit{errc::unprocessable, "a value does not fit its column"};
constexpr meaning refused{errc::internal, "the database refused the statement"};

/// Whole states before classes: the first entry that the state begins with decides.
constexpr std::array<std::pair<std::string_view, meaning>, 27> meanings{{
  {"08P01", refused}, // among others: a wrong number of parameters
  {"08007", unknown},
  {"08", away},
  {"22012", refused}, // division by zero
  {"22", misfit},
  {"23502", missing},
  {"23503", dangling},
  {"23505", taken},
  {"23514", not_accepted},
  {"23P01", taken},
  {"23", taken},
  {"28", away}, // the credentials are wrong: nothing that a client could mend
  {"3D", away},
  {"40001", lost_race},
  {"40P01", lost_race},
  {"40003", unknown},
  {"40", undone},
  {"42501", refused},
  {"53", exhausted},
  {"54", misfit},
  {"55006", locked},
  {"55P03", locked},
  {"57014", cancelled},
  {"57P", away},
  {"57", away},
  {"58", away},
  {"25006", away}, // read only: the server has become a standby
}};

} // namespace

meaning meaning_of(std::string_view sqlstate) noexcept {
  for (const auto& [prefix, what] : meanings)
    if (sqlstate.starts_with(prefix))
      return what;
  return refused;
}

meaning meaning_of(std::string_view sqlstate, bool in_read_only) noexcept {
  if (sqlstate == "25006" && in_read_only)
    return {errc::internal, "the transaction is read only"};
  return meaning_of(sqlstate);
}

} // namespace troupe::storage::postgres
