#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace troupe::detail {

template <auto Free>
struct freed_by {
  void operator()(auto* what) const noexcept { Free(what); }
};

using ssl_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;
using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using evp_pkey_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using bio_method_ptr = std::unique_ptr<BIO_METHOD, freed_by<BIO_meth_free>>;

/// For OpenSSL, which would ask at the terminal for the password of a key: nobody is there to type it.
int no_password(char*, int, int, void*);

/// Why the last call has failed, in OpenSSL's words; empties this thread's list of errors.
std::string openssl_problem();

} // namespace troupe::detail
