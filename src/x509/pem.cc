#include "x509/pem.h"

#include <algorithm>
#include <climits>
#include <optional>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "x509/certificate.h"
#include "x509/certificate_file.h"
#include "x509/openssl.h"

namespace postern::x509 {
namespace {

// The next block of any kind; nullopt at the end of the text; an error for a broken one.
Result<std::optional<PemBlock>> next_block(BIO* in, std::size_t number) {
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  const int ok = PEM_read_bio(in, &label, &header, &data, &size);
  const OpenSslString own_label(reinterpret_cast<unsigned char*>(label));
  const OpenSslString own_header(reinterpret_cast<unsigned char*>(header));
  const OpenSslString own_data(data);
  if (ok == 1)
    return PemBlock{
        number, label, {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)}};
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string why = take_openssl_error();
  if (at_end) return std::nullopt;
  return invalid("PEM block " + std::to_string(number) + " is broken or cut off: " + why);
}

// A TRUSTED CERTIFICATE block is a certificate followed by OpenSSL's own trust settings, which
// are not read: what an anchor is for is said by the set it is in.
std::string without_trust_settings(const std::string& der) {
  const unsigned char* at = octets_of(der);
  const X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate != nullptr) return der.substr(0, static_cast<std::size_t>(at - octets_of(der)));
  (void)take_openssl_error();
  return der;
}

}  // namespace

Result<std::vector<PemBlock>> read_pem_blocks(std::string_view text,
                                              const std::vector<std::string_view>& labels) {
  if (text.size() > INT_MAX) return invalid("more text than a PEM file may hold");
  const BioPtr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<PemBlock> out;
  for (std::size_t number = 1;; ++number) {
    TRY(std::optional<PemBlock> block, next_block(in.get(), number));
    if (!block) return out;
    if (std::ranges::find(labels, block->label) == labels.end()) continue;
    if (out.size() == kMaxPemCertificates)
      return invalid("more than " + std::to_string(kMaxPemCertificates) + " PEM blocks");
    out.push_back(std::move(*block));
  }
}

Result<std::vector<Certificate>> parse_pem(std::string_view octets) {
  const std::string text = plain_text(octets);
  TRY(std::vector<PemBlock> blocks,
      read_pem_blocks(text, {PEM_STRING_X509, PEM_STRING_X509_OLD, PEM_STRING_X509_TRUSTED}));
  std::vector<Certificate> out;
  for (PemBlock& block : blocks) {
    if (block.label == PEM_STRING_X509_TRUSTED) block.der = without_trust_settings(block.der);
    Result<Certificate> certificate = Certificate::from_der(block.der);
    if (!certificate)
      return invalid("PEM block " + std::to_string(block.number) +
                     " is broken: " + certificate.error().detail());
    out.push_back(std::move(*certificate));
  }
  if (out.empty())
    return invalid(describe_content(octets) + "; expected is at least one certificate in PEM form");
  return out;
}

}  // namespace postern::x509
