#pragma once

#include "actors/detail/issue_certificate.hpp"

#include <ctime>
#include <string>
#include <vector>

namespace troupe::gateway {

/// What a certificate says of itself.
struct certificate_facts {
  std::vector<std::string> names; ///< DNS names, in lower case: "a.example", "*.b.example"
  std::string fingerprint;        ///< SHA-256, as browsers show it: "AB:CD:..."
  std::time_t begins = 0;
  std::time_t ends = 0;
};

/// The names are those of subjectAltName: no client looks at the subject any more.
certificate_facts facts_of(const X509& certificate);

/// A new certificate that only its own key vouches for, valid for 30 days from now on: of localhost,
/// its addresses, and `host`, unless that is no name that can stand in a certificate. Throws
/// std::runtime_error when OpenSSL cannot make it.
detail::certificate_and_key make_self_signed(const std::string& host);

} // namespace troupe::gateway
