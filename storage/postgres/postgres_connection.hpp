#pragma once

#include "storage/connection.hpp"
#include "storage/postgres/libpq.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace troupe::storage::postgres {

/// Opens a session; `url` is what libpq takes, its own parameters win over our defaults. The
/// session speaks UTF-8 and its time zone is UTC. Throws statement_error{unavailable}.
[[nodiscard]] std::unique_ptr<connection> open(const std::string& url, const session_options& options);

} // namespace troupe::storage::postgres
