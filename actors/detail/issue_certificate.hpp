#pragma once

#include "actors/detail/openssl.hpp"

#include <chrono>
#include <string>

namespace troupe::detail {

struct certificate_and_key {
  x509_ptr certificate;
  evp_pkey_ptr key; // of P-256
};

/// What a certificate is to say. The texts are in OpenSSL's own form (x509v3_config); an empty one is left out.
struct certificate_plan {
  std::string title;             // common name
  std::string names;             // "DNS:a.example,IP:127.0.0.1"
  std::string basic_constraints; // "critical,CA:FALSE"
  std::string key_usage;         // "critical,digitalSignature"
  std::string purposes;          // "serverAuth,clientAuth"
  std::chrono::seconds begins{0}; // from now
  std::chrono::seconds ends{0};
};

/// A new certificate with a new key, signed by `issuer`, or by itself when that is null. Throws std::runtime_error when
/// OpenSSL cannot make it.
certificate_and_key issue_certificate(const certificate_plan& plan, const certificate_and_key* issuer = nullptr);

/// Whether it can stand in a certificate as a DNS name.
bool is_host_name(const std::string& text);

} // namespace troupe::detail
