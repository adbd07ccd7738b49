// Idempotency-Key fields, and what makes a request the same as another one.
#include "actors/detail/idempotency_key.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::detail {
namespace {

request with_keys(const std::vector<std::string>& keys) {
  request out;
  for (const auto& each : keys)
    out.headers.add("idempotency-key", each);
  return out;
}

/// "key", or why not.
std::string key_of(const std::vector<std::string>& keys) {
  try {
    return '"' + idempotency_key_of(with_keys(keys)) + '"';
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    return e.what();
  }
}

TEST(idempotency_key, is_what_the_field_says_with_or_without_quotes) {
  EXPECT_EQ(key_of({"8e03978e-40d5-43dd-bc93-6894a57f9324"}), "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
  EXPECT_EQ(key_of({"\"8e03978e\""}), "\"8e03978e\"");
  EXPECT_EQ(key_of({R"("a \"b\" \\ c")"}), R"("a "b" \ c")");
  EXPECT_EQ(key_of({"a\"b"}), "\"a\"b\"");
  EXPECT_EQ(key_of({std::string(255, 'k')}), '"' + std::string(255, 'k') + '"');
  EXPECT_EQ(key_of({"!~ x"}), "\"!~ x\"");
}

TEST(idempotency_key, is_refused_with_the_reason) {
  const std::string begin = "Idempotency-Key ";
  EXPECT_EQ(key_of({}).find(begin + "is missing"), 0u);
  EXPECT_EQ(key_of({"a", "a"}), begin + "stands there more than once");
  for (const auto* nothing : {"", "\"\""})
    EXPECT_EQ(key_of({nothing}), begin + "is empty");
  for (const auto& long_one : {std::string(256, 'k'), '"' + std::string(256, 'k') + '"'})
    EXPECT_EQ(key_of({long_one}), begin + "is longer than 255 characters");
  for (const std::string bad : {"a\tb", "\x7f", "\xc3\xa4", "\"\xff\""})
    EXPECT_EQ(key_of({bad}), begin + "has characters that are not printable ASCII");
  for (const auto* bad : {"\"", "\"a", "\"a\"b\"", "\"a\\\"", "\"a\\n\"", "\"a\";p=1"})
    EXPECT_EQ(key_of({bad}), begin + "begins with a quote and is no quoted string") << bad;
}

request make(http_method method, std::string target, std::string body) {
  request out;
  out.method = method;
  out.target = std::move(target);
  out.body = std::move(body);
  return out;
}

TEST(fingerprint, is_the_same_for_the_same_request_only) {
  using enum http_method;
  const auto one = make(post, "/orders?x=1", "body");
  auto same = one;
  same.id = 7;
  same.headers.add("Authorization", "another");
  EXPECT_EQ(fingerprint_of(one), fingerprint_of(same));
  EXPECT_EQ(fingerprint_of(one).size(), 64u);
  for (const auto& other : {make(put, "/orders?x=1", "body"), make(post, "/orders?x=2", "body"),
                            make(post, "/orders?x=1", "body "), make(post, "/orders?x=1", "")})
    EXPECT_NE(fingerprint_of(one), fingerprint_of(other));
}

} // namespace
} // namespace troupe::detail
