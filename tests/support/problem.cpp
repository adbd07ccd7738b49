#include "tests/support/problem.hpp"

#include <regex>

namespace troupe::test {

namespace {

bool is_text(const nlohmann::json& problem, const char* key) {
  return problem.contains(key) && problem[key].is_string()
         && !problem[key].get_ref<const std::string&>().empty();
}

std::string flaw_of(const http_response& response, int status) {
  if (response.status != status)
    return "status is not " + std::to_string(status);
  if (response.header("Content-Type") != "application/problem+json")
    return "Content-Type is not application/problem+json";
  auto problem = response.json();
  if (!problem.is_object())
    return "body is no JSON object";
  for (const char* key : {"type", "title", "detail", "request_id"})
    if (!is_text(problem, key))
      return std::string{key} + " is missing, no text or empty";
  if (!problem.contains("status") || problem["status"] != status)
    return "member status differs from the status line";
  static const std::regex sixteen_digits{"[0-9a-f]{16}"};
  if (!std::regex_match(problem["request_id"].get<std::string>(), sixteen_digits))
    return "request_id is not 16 hexadecimal digits";
  return {};
}

} // namespace

testing::AssertionResult is_problem(const http_response& response, int status) {
  auto flaw = flaw_of(response, status);
  if (flaw.empty())
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << flaw << ":\n" << response;
}

} // namespace troupe::test
