#pragma once

#include "storage/connection.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::storage::sqlite {

/// The file of "sqlite:PATH"; "sqlite:///abs" and "sqlite:/abs" are the same file.
/// Throws error{invalid_argument} without a path and for ":memory:", whose data a pool of
/// connections could not share.
[[nodiscard]] std::string path_of(std::string_view url);

/// Opens or makes the file: WAL, synchronous=NORMAL, foreign keys on, waits up to 5 s for a lock.
/// A plain BEGIN is run as BEGIN IMMEDIATE: a transaction that began by reading could not always
/// write later. A statement that runs longer than `statement_timeout` is ended; 0: none is.
/// Throws statement_error{unavailable} whose internal() names the path.
[[nodiscard]] std::unique_ptr<connection> open(const std::string& path,
                                               std::chrono::milliseconds statement_timeout = {});

/// Opens the file as it is, for reading alone: what writes is `internal`, a plain BEGIN is a deferred one. Null when
/// the file is not there, but its folder is. Throws as `open` does.
[[nodiscard]] std::unique_ptr<connection> open_to_read(const std::string& path,
                                                       std::chrono::milliseconds statement_timeout = {});

} // namespace troupe::storage::sqlite
