#include "x509/digest.h"

#include <openssl/sha.h>
#include <openssl/x509.h>

#include "x509/openssl.h"

namespace postern::x509 {

std::string sha256_digest(std::string_view octets) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(octets_of(octets), octets.size(), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::string sha512_digest(std::string_view octets) {
  std::string out(SHA512_DIGEST_LENGTH, '\0');
  SHA512(octets_of(octets), octets.size(), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::string public_key_der(const Certificate& certificate) {
  return encode_der(X509_get_X509_PUBKEY(certificate.native()), i2d_X509_PUBKEY);
}

}  // namespace postern::x509
