// Digests, and the key of a certificate as octets: what TLSA records are made of (RFC 6698 s2.1).
#pragma once

#include <string>
#include <string_view>

#include "x509/certificate.h"

namespace postern::x509 {

[[nodiscard]] std::string sha256_digest(std::string_view octets);  // 32 octets
[[nodiscard]] std::string sha512_digest(std::string_view octets);  // 64 octets
// DER of the SubjectPublicKeyInfo; empty when OpenSSL cannot encode it.
[[nodiscard]] std::string public_key_der(const Certificate& certificate);

}  // namespace postern::x509
