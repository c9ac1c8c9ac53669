#include "cli/certificate_file.h"

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "explain/text_encoding.h"

namespace postern::cli {
namespace {

constexpr const char* kExpected = "expected is a certificate (PEM or DER), the leaf first";

std::unexpected<Error> not_it(const std::string& name, std::string_view found) {
  return invalid(name + ": " + std::string(found) + "; " + kExpected);
}

// A PFX begins with a sequence whose first member is the version 3. Source: RFC 7292 s4.
bool looks_like_pfx(std::string_view octets) {
  return octets.substr(0, 16).contains(std::string_view("\x02\x01\x03\x30", 4));
}

Result<std::vector<x509::Certificate>> from_der(const std::string& name, std::string_view octets) {
  Result<x509::Certificate> one = x509::Certificate::from_der(octets);
  if (one) return std::vector<x509::Certificate>{std::move(*one)};
  if (looks_like_pfx(octets)) {
    return not_it(name,
                  "a PFX (PKCS #12) file; take out what is needed: openssl pkcs12 -in FILE "
                  "-nokeys -out new.pem, and -nocerts -nodes -out new.key for the key");
  }
  return not_it(name, "binary data that is no certificate (" + one.error().detail() + ")");
}

std::string line_of_block(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  return std::to_string(1 + std::ranges::count(text.substr(0, at), '\n'));
}

Result<std::vector<x509::Certificate>> from_text(const std::string& name, std::string_view text) {
  if (text.contains("-----BEGIN CERTIFICATE-----") || text.contains("-----BEGIN TRUSTED CERT") ||
      text.contains("-----BEGIN X509 CERT")) {
    Result<std::vector<x509::Certificate>> chain = x509::parse_pem(text);
    if (chain) return chain;
    return not_it(name + ":" + line_of_block(text, "-----BEGIN "), chain.error().detail());
  }
  constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
      {"PRIVATE KEY-----", "a private key and no certificate (that is what --key is for)"},
      {"-----BEGIN CERTIFICATE REQUEST", "a request, not the certificate that the CA made of it"},
      {"-----BEGIN NEW CERTIFICATE REQUEST",
       "a request, not the certificate that the CA made of it"},
      {"-----BEGIN PKCS7", "a PKCS #7 file; openssl pkcs7 -print_certs -in FILE turns it into PEM"},
      {"-----BEGIN X509 CRL", "a revocation list and no certificate"},
      {"-----BEGIN ", "PEM without any certificate"},
  };
  for (const auto& [mark, found] : kOthers) {
    if (text.contains(mark)) return not_it(name + ":" + line_of_block(text, "-----BEGIN "), found);
  }
  // The bare base64 of "Copy to File": DER without its frame.
  std::string dense;
  for (const char c : text) {
    if (c != '\r' && c != '\n' && c != ' ') dense += c;
  }
  if (const auto der = from_base64(dense); der && !der->empty()) return from_der(name, *der);
  return not_it(name, "text without any PEM block");
}

}  // namespace

Result<std::vector<x509::Certificate>> parse_certificate_file(const std::string& name,
                                                              std::string_view octets) {
  if (trim(octets).empty()) return not_it(name, "the file is empty");
  // DER of anything longer than 127 octets begins with a sequence and a long length.
  const bool der = octets.size() > 2 && octets[0] == '\x30' && (octets[1] & '\x80') != 0;
  TRY(std::vector<x509::Certificate> chain,
      der ? from_der(name, octets) : from_text(name, explain::decode_text(octets).text));
  const auto is_ca = [](const x509::Certificate& one) { return one.is_ca(); };
  if (chain.front().is_ca() && !chain.front().self_signed() && !std::ranges::all_of(chain, is_ca)) {
    return not_it(
        name, "the first certificate is that of the CA " + printable(chain.front().subject(), 200));
  }
  return chain;
}

Result<std::vector<x509::Certificate>> read_certificate_file(const std::string& path) {
  TRY(const std::string octets, read_file(path));
  return parse_certificate_file(path, octets);
}

}  // namespace postern::cli
