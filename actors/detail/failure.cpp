#include "actors/detail/failure.hpp"

#include "actors/detail/log.hpp"

#include <spdlog/spdlog.h>

namespace troupe::detail {

namespace {

void log_failure(std::string_view where, std::string_view request_id, std::string_view what) {
  spdlog::error(with_fields(std::string{where} + " failed: " + std::string{what},
                            {{"request_id", std::string{request_id}}}));
}

} // namespace

failure current_failure(std::string_view where, std::string_view request_id) noexcept {
  try {
    throw;
  } catch (const error& e) {
    if (e.code() != errc::internal)
      return {e.code(), e.what()};
    log_failure(where, request_id, e.what());
  } catch (const std::exception& e) {
    log_failure(where, request_id, e.what());
  } catch (...) {
    log_failure(where, request_id, "an exception of unknown type");
  }
  return {errc::internal, ""};
}

std::string text_of(const std::exception_ptr& what) {
  try {
    std::rethrow_exception(what);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

} // namespace troupe::detail
