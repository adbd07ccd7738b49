#include "gateway/detail/certificate.hpp"

#include <openssl/ec.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace troupe::gateway {

namespace {

constexpr long lifetime = 30L * 24 * 60 * 60;

struct free_names {
  void operator()(GENERAL_NAMES* what) const noexcept { GENERAL_NAMES_free(what); }
};

std::vector<std::string> names_of(const X509& certificate) {
  std::vector<std::string> out;
  const std::unique_ptr<GENERAL_NAMES, free_names> all{static_cast<GENERAL_NAMES*>(
    X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const auto* each = sk_GENERAL_NAME_value(all.get(), i);
    if (each->type != GEN_DNS)
      continue;
    const auto* text = each->d.dNSName;
    auto& name = out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                  static_cast<std::size_t>(ASN1_STRING_length(text)));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  }
  return out;
}

std::string fingerprint_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  X509_digest(&certificate, EVP_sha256(), bytes.data(), &size);
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0)
      out += ':';
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

std::time_t time_of(const ASN1_TIME* when) {
  std::tm parts{};
  return ASN1_TIME_to_tm(when, &parts) == 1 ? timegm(&parts) : 0;
}

void require_made(bool done) {
  if (!done)
    throw std::runtime_error{"cannot make a certificate: " + detail::openssl_problem()};
}

void add_extension(X509& to, int kind, const std::string& value) {
  struct free_extension {
    void operator()(X509_EXTENSION* what) const noexcept { X509_EXTENSION_free(what); }
  };
  const std::unique_ptr<X509_EXTENSION, free_extension> made{
    X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str())};
  require_made(made && X509_add_ext(&to, made.get(), -1) == 1);
}

bool is_host_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '.';
  });
}

/// Positive, and another one each time: browsers refuse two certificates with the same number.
std::uint64_t random_serial() {
  std::array<unsigned char, 8> bytes{};
  require_made(RAND_bytes(bytes.data(), bytes.size()) == 1);
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data(), bytes.size());
  return out >> 1;
}

} // namespace

certificate_facts facts_of(const X509& certificate) {
  return {names_of(certificate), fingerprint_of(certificate),
          time_of(X509_get0_notBefore(&certificate)), time_of(X509_get0_notAfter(&certificate))};
}

certificate_and_key make_self_signed(const std::string& host) {
  certificate_and_key out{detail::x509_ptr{X509_new()}, detail::evp_pkey_ptr{EVP_EC_gen("P-256")}};
  auto* made = out.certificate.get();
  require_made(made != nullptr && out.key);
  require_made(X509_set_version(made, X509_VERSION_3) == 1
          && ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), random_serial()) == 1
          && X509_gmtime_adj(X509_getm_notBefore(made), 0) != nullptr
          && X509_gmtime_adj(X509_getm_notAfter(made), lifetime) != nullptr
          && X509_set_pubkey(made, out.key.get()) == 1);
  auto* name = X509_get_subject_name(made);
  constexpr std::string_view title = "Troupe, for development only";
  require_made(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(title.data()),
                                     static_cast<int>(title.size()), -1, 0)
            == 1
          && X509_set_issuer_name(made, name) == 1);
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (is_host_name(host) && host != "localhost")
    names += ",DNS:" + host;
  add_extension(*made, NID_subject_alt_name, names);
  add_extension(*made, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(*made, NID_key_usage, "critical,digitalSignature");
  add_extension(*made, NID_ext_key_usage, "serverAuth");
  require_made(X509_sign(made, out.key.get(), EVP_sha256()) > 0);
  return out;
}

} // namespace troupe::gateway
