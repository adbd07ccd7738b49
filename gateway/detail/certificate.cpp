#include "gateway/detail/certificate.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace troupe::gateway {

namespace {

constexpr std::chrono::days lifetime{30};

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

} // namespace

certificate_facts facts_of(const X509& certificate) {
  return {names_of(certificate), fingerprint_of(certificate),
          time_of(X509_get0_notBefore(&certificate)), time_of(X509_get0_notAfter(&certificate))};
}

detail::certificate_and_key make_self_signed(const std::string& host) {
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (detail::is_host_name(host) && host != "localhost")
    names += ",DNS:" + host;
  return detail::issue_certificate({"Troupe, for development only", names, "critical,CA:FALSE",
                                    "critical,digitalSignature", "serverAuth", {}, lifetime});
}

} // namespace troupe::gateway
