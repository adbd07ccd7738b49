#include "config/secrets.hpp"

#include <gtest/gtest.h>
#include <utility>

namespace troupe::config {
namespace {

TEST(secrets, of_a_url_are_masked) {
  const std::pair<const char*, const char*> cases[] = {
      {"sqlite:troupe.db", "sqlite:troupe.db"},
      {"sqlite:a@b:c.db", "sqlite:a@b:c.db"},
      {"postgres://host/db", "postgres://host/db"},
      {"postgres://user@host/db", "postgres://user@host/db"},
      {"postgres://user:pw@host:5432/db", "postgres://user:****@host:5432/db"},
      {"postgresql://user:@host/db", "postgresql://user:****@host/db"},
      {"postgres://user:p@w@host/db", "postgres://user:****@host/db"},
      {"postgres://user:p/w?x@host/db", "postgres://user:****@host/db"},
      {"postgres://user:p#w@[::1]:5432/db", "postgres://user:****@[::1]:5432/db"},
      {"postgres://h/db?password=x", "postgres://h/db?password=****"},
      {"postgres://h/db?a=b&PassWord=x&c=d", "postgres://h/db?a=b&PassWord=****&c=d"},
      {"postgres://h/db?sslpassword=x&sslmode=require",
       "postgres://h/db?sslpassword=****&sslmode=require"},
      {"postgres://h/db?pass%77ord=x", "postgres://h/db?pass%77ord=****"},
      {"postgres://h:5432/db?user=me@tenant", "postgres://h:5432/db?user=me@tenant"},
      {"postgres://u:pw@h/db?user=me@tenant", "postgres://u:****@h/db?user=me@tenant"},
      {"postgres://u:a@h/db?password=b", "postgres://u:****@h/db?password=****"},
      {"user:pw@host", "user:****@host"},
      {"postgres://h/db?", "postgres://h/db?"},
      {"postgres://h/db?password", "postgres://h/db?password"},
      {"", ""},
  };
  for (const auto& [text, masked] : cases)
    EXPECT_EQ(mask_secrets(text), masked);
}

} // namespace
} // namespace troupe::config
