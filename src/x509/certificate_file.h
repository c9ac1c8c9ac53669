// Certificates from what people have: PEM (in UTF-16 too, as Windows programs write it), DER, PFX.
// Where there are none, the error says what was found in their place and what was expected; every
// loader of Postern speaks with these words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "x509/certificate.h"

namespace postern::x509 {

// The certificates of a file, in order; of a PFX the leaf first. A private key beside them is not
// read. `password`: of a PFX; nullopt: none was given. Errors: invalid.
[[nodiscard]] Result<std::vector<Certificate>> parse_certificates(
    std::string_view octets, const std::optional<std::string>& password);

// A file whole. `pfx_key_problem`: of a PFX, why it brings no private key of its leaf; empty: it
// does.
struct CertificateFile {
  std::vector<Certificate> certificates;
  bool pfx = false;
  std::string pfx_key_problem = {};
};
[[nodiscard]] Result<CertificateFile> parse_certificate_file(
    std::string_view octets, const std::optional<std::string>& password);

// UTF-16 as UTF-8; everything else as it is.
[[nodiscard]] std::string plain_text(std::string_view octets);
// What a file holds that has no certificate to read: "it is empty", "it holds a private key (PEM
// block PRIVATE KEY)", "it is a PFX (PKCS #12)".
[[nodiscard]] std::string describe_content(std::string_view octets);

}  // namespace postern::x509
