#include "tests/support/certificates.hpp"

#include "actors/detail/openssl.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace troupe::test {

namespace {

using detail::freed_by;
using detail::x509_ptr;
using key_ptr = detail::evp_pkey_ptr;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;

void require(bool done) {
  if (!done)
    throw std::runtime_error{"cannot make a certificate for a test"};
}

void add_extension(X509* to, int kind, const std::string& value) {
  const extension_ptr made{X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str())};
  require(made && X509_add_ext(to, made.get(), -1) == 1);
}

x509_ptr new_certificate(const certificate_wish& wish, EVP_PKEY* key) {
  static std::atomic<long> last_number{0};
  x509_ptr out{X509_new()};
  auto* made = out.get();
  require(X509_set_version(made, X509_VERSION_3) == 1
          && ASN1_INTEGER_set(X509_get_serialNumber(made), ++last_number) == 1
          && X509_gmtime_adj(X509_getm_notBefore(made), wish.begins.count()) != nullptr
          && X509_gmtime_adj(X509_getm_notAfter(made), wish.ends.count()) != nullptr
          && X509_set_pubkey(made, key) == 1
          && X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                                        reinterpret_cast<const unsigned char*>(wish.title.c_str()),
                                        -1, -1, 0)
               == 1);
  std::string names;
  for (const auto& each : wish.names)
    names.append(names.empty() ? "" : ",").append(each);
  if (!names.empty())
    add_extension(made, NID_subject_alt_name, names);
  return out;
}

std::string pem_of(X509* certificate) {
  const bio_ptr out{BIO_new(BIO_s_mem())};
  require(PEM_write_bio_X509(out.get(), certificate) == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(EVP_PKEY* key, const std::string& password = {}) {
  const bio_ptr out{BIO_new(BIO_s_mem())};
  const auto* bytes = reinterpret_cast<const unsigned char*>(password.data());
  require(PEM_write_bio_PrivateKey(out.get(), key, password.empty() ? nullptr : EVP_aes_128_cbc(),
                                   bytes, static_cast<int>(password.size()), nullptr, nullptr)
          == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

} // namespace

struct certificate_authority::identity {
  key_ptr key{EVP_EC_gen("P-256")};
  x509_ptr certificate;
};

certificate_authority::certificate_authority(const temp_directory& folder, const std::string& name)
    : folder_(folder), self_(std::make_unique<identity>()) {
  self_->certificate = new_certificate({name, {}}, self_->key.get());
  auto* own = self_->certificate.get();
  require(X509_set_issuer_name(own, X509_get_subject_name(own)) == 1);
  add_extension(own, NID_basic_constraints, "critical,CA:TRUE");
  require(X509_sign(own, self_->key.get(), EVP_sha256()) > 0);
  file_ = folder_.write(name + ".pem", pem_of(own)).string();
}

certificate_authority::~certificate_authority() = default;

certificate_files certificate_authority::issue(const certificate_wish& wish) const {
  const key_ptr key{wish.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")};
  require(key != nullptr);
  const auto made = new_certificate(wish, key.get());
  require(X509_set_issuer_name(made.get(), X509_get_subject_name(self_->certificate.get())) == 1);
  add_extension(made.get(), NID_basic_constraints, "critical,CA:FALSE");
  if (!wish.purposes.empty())
    add_extension(made.get(), NID_ext_key_usage, wish.purposes);
  require(X509_sign(made.get(), self_->key.get(), EVP_sha256()) > 0);
  const auto certificate = pem_of(made.get());
  const auto key_text = pem_of(key.get());
  return {folder_.write(wish.title + ".crt", certificate).string(),
          folder_.write(wish.title + ".key", key_text).string(),
          folder_.write(wish.title + ".pem", certificate + key_text).string()};
}

std::string certificate_authority::locked_key(const std::string& password) const {
  return pem_of(self_->key.get(), password);
}

} // namespace troupe::test
