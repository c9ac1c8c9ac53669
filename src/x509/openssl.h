// OpenSSL's handles as owning pointers, and the few conversions that x509 and tls share. For the
// .cc files of x509 and tls only: no other module names OpenSSL.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/clock.h"

namespace postern::x509 {

template <auto F>
struct OpenSslDelete {
  template <class T>
  void operator()(T* p) const {
    F(p);
  }
};
inline void free_x509_stack(STACK_OF(X509) * s) {
  sk_X509_pop_free(s, X509_free);
}
inline void free_borrowed_x509_stack(STACK_OF(X509) * s) {
  sk_X509_free(s);
}
inline void free_policy_mappings(POLICY_MAPPINGS* mappings) {
  sk_POLICY_MAPPING_pop_free(mappings, POLICY_MAPPING_free);
}
inline void free_openssl_memory(void* p) {
  OPENSSL_free(p);
}

using X509Ptr = std::unique_ptr<X509, OpenSslDelete<X509_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, OpenSslDelete<X509_STORE_free>>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, OpenSslDelete<X509_STORE_CTX_free>>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), OpenSslDelete<free_x509_stack>>;
// The stack only; its members belong to somebody else.
using BorrowedX509StackPtr =
    std::unique_ptr<STACK_OF(X509), OpenSslDelete<free_borrowed_x509_stack>>;
using X509CrlPtr = std::unique_ptr<X509_CRL, OpenSslDelete<X509_CRL_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpenSslDelete<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, OpenSslDelete<BIO_free_all>>;
using OpenSslString = std::unique_ptr<unsigned char, OpenSslDelete<free_openssl_memory>>;

[[nodiscard]] inline const unsigned char* octets_of(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}
[[nodiscard]] inline std::string_view view_of(const ASN1_STRING* s) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)),
          static_cast<std::size_t>(ASN1_STRING_length(s))};
}

// The DER of an object, by its i2d function; empty when OpenSSL cannot encode it.
template <class T, class I2d>
[[nodiscard]] std::string encode_der(T* object, I2d i2d) {
  unsigned char* raw = nullptr;
  const int size = i2d(object, &raw);
  const OpenSslString owner(raw);
  return size <= 0
             ? std::string()
             : std::string(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
}

// nullopt: no valid time (RFC 5280 s4.1.2.5 is checked by OpenSSL's parser).
[[nodiscard]] std::optional<Time> time_of(const ASN1_TIME* t);
// OpenSSL's newest queued reason in words, and the queue emptied; "unknown reason" when there is
// none. Every failed OpenSSL call that we answer for ends in this, so that no error stays queued
// for a later caller in the same thread.
[[nodiscard]] std::string take_openssl_error();

}  // namespace postern::x509
