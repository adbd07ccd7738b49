#include "gateway/detail/certificate.hpp"

#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstdio>

namespace troupe::gateway {
namespace {

using strings = std::vector<std::string>;

detail::x509_ptr read_certificate(const std::string& file) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> in{std::fopen(file.c_str(), "r"),
                                                              &std::fclose};
  return detail::x509_ptr{in ? PEM_read_X509(in.get(), nullptr, nullptr, nullptr) : nullptr};
}

TEST(certificate, says_for_which_names_and_when_it_is_valid) {
  const test::temp_directory folder;
  const test::certificate_authority authority{folder, "ca"};
  const auto files =
    authority.issue({"some", {"DNS:A.Example", "IP:127.0.0.1", "DNS:*.b.example"}});
  const auto certificate = read_certificate(files.certificate);
  ASSERT_TRUE(certificate);
  const auto facts = facts_of(*certificate);
  EXPECT_EQ(facts.names, (strings{"a.example", "*.b.example"}));
  EXPECT_EQ(facts.fingerprint.size(), 32 * 3 - 1);
  const auto now = std::time(nullptr);
  EXPECT_NEAR(static_cast<double>(facts.begins), static_cast<double>(now - 3600), 60);
  EXPECT_NEAR(static_cast<double>(facts.ends), static_cast<double>(now + 24 * 3600), 60);
}

TEST(certificate, without_names_has_none) {
  const test::temp_directory folder;
  const auto files = test::certificate_authority{folder, "ca"}.issue({"a.example", {}});
  const auto certificate = read_certificate(files.certificate);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(facts_of(*certificate).names, strings{});
}

TEST(certificate, of_its_own_is_valid_for_this_machine_and_a_month) {
  const auto made = make_self_signed("build-7.example");
  const auto facts = facts_of(*made.certificate);
  EXPECT_EQ(facts.names, (strings{"localhost", "build-7.example"}));
  EXPECT_EQ(facts.ends - facts.begins, 30 * 24 * 3600);
  EXPECT_EQ(X509_check_private_key(made.certificate.get(), made.key.get()), 1);
  EXPECT_EQ(X509_verify(made.certificate.get(), made.key.get()), 1);
  for (const char* address : {"127.0.0.1", "::1"})
    EXPECT_EQ(X509_check_ip_asc(made.certificate.get(), address, 0), 1) << address;
  EXPECT_NE(facts.fingerprint, facts_of(*make_self_signed("build-7.example").certificate).fingerprint);
}

TEST(certificate, of_its_own_leaves_out_a_host_that_is_no_name) {
  for (const char* host : {"", "localhost", "a,IP:10.0.0.1", "a b", "\xc3\xa4"})
    EXPECT_EQ(facts_of(*make_self_signed(host).certificate).names, strings{"localhost"}) << host;
}

} // namespace
} // namespace troupe::gateway
