#include "actors/detail/issue_certificate.hpp"

#include <openssl/ec.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace troupe::detail {

namespace {

void require_made(bool done) {
  if (!done)
    throw std::runtime_error{"cannot make a certificate: " + openssl_problem()};
}

/// Positive, and another one each time: browsers refuse two certificates with the same number.
std::uint64_t random_serial() {
  std::array<unsigned char, 8> bytes{};
  require_made(RAND_bytes(bytes.data(), bytes.size()) == 1);
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data(), bytes.size());
  return out >> 1;
}

void add_extension(X509& to, X509& issuer, int kind, const std::string& value) {
  if (value.empty())
    return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &to, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> made{
    X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  require_made(made && X509_add_ext(&to, made.get(), -1) == 1);
}

void set_title(X509& of, const std::string& title) {
  require_made(X509_NAME_add_entry_by_txt(X509_get_subject_name(&of), "CN", MBSTRING_ASC,
                                          reinterpret_cast<const unsigned char*>(title.data()),
                                          static_cast<int>(title.size()), -1, 0)
               == 1);
}

} // namespace

certificate_and_key issue_certificate(const certificate_plan& plan, const certificate_and_key* issuer) {
  certificate_and_key out{x509_ptr{X509_new()}, evp_pkey_ptr{EVP_EC_gen("P-256")}};
  auto* made = out.certificate.get();
  require_made(made != nullptr && out.key);
  auto& by = issuer != nullptr ? *issuer->certificate : *made;
  require_made(X509_set_version(made, X509_VERSION_3) == 1
               && ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), random_serial()) == 1
               && X509_gmtime_adj(X509_getm_notBefore(made), plan.begins.count()) != nullptr
               && X509_gmtime_adj(X509_getm_notAfter(made), plan.ends.count()) != nullptr
               && X509_set_pubkey(made, out.key.get()) == 1);
  set_title(*made, plan.title);
  require_made(X509_set_issuer_name(made, X509_get_subject_name(&by)) == 1);
  add_extension(*made, by, NID_subject_alt_name, plan.names);
  add_extension(*made, by, NID_basic_constraints, plan.basic_constraints);
  add_extension(*made, by, NID_key_usage, plan.key_usage);
  add_extension(*made, by, NID_ext_key_usage, plan.purposes);
  add_extension(*made, by, NID_subject_key_identifier, "hash");
  if (issuer != nullptr)
    add_extension(*made, by, NID_authority_key_identifier, "keyid:always");
  require_made(X509_sign(made, issuer != nullptr ? issuer->key.get() : out.key.get(), EVP_sha256()) > 0);
  return out;
}

bool is_host_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

} // namespace troupe::detail
