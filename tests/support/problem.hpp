#pragma once

#include "tests/support/http_response.hpp"

#include <gtest/gtest.h>

namespace troupe::test {

/// Succeeds for an answer with `status` that is a complete problem (RFC 9457): media type, type,
/// title, the same status, detail, and a request id of 16 hexadecimal digits.
testing::AssertionResult is_problem(const http_response& response, int status);

} // namespace troupe::test
