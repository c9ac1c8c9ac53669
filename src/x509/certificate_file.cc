#include "x509/certificate_file.h"

#include <algorithm>
#include <array>

#include <openssl/pkcs12.h>

#include "base/text.h"
#include "base/text_encoding.h"
#include "x509/openssl.h"

namespace postern::x509 {
namespace {

using Pkcs12Ptr = std::unique_ptr<PKCS12, OpenSslDelete<PKCS12_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, OpenSslDelete<PKCS7_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, OpenSslDelete<X509_REQ_free>>;

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kExpected = "; expected are certificates, in PEM or DER form or as PFX";

template <class Ptr, class D2i>
Ptr decode(std::string_view der, D2i d2i) {
  const unsigned char* at = octets_of(der);
  Ptr out(d2i(nullptr, &at, static_cast<long>(der.size())));
  (void)take_openssl_error();
  return out;
}

std::string label_words(std::string_view label) {
  const std::string block = " (PEM block " + printable(label, 60) + ")";
  if (label.ends_with("PRIVATE KEY")) return "it holds a private key" + block;
  if (label.ends_with("PUBLIC KEY")) return "it holds a public key" + block;
  if (label.ends_with("CERTIFICATE REQUEST")) return "it holds a certificate request" + block;
  if (label == "X509 CRL") return "it holds a revocation list" + block;
  if (label == "PKCS7" || label == "CMS") return "it holds a PKCS #7 bundle" + block;
  if (label.ends_with("CERTIFICATE")) return "it holds a certificate that is cut off" + block;
  return "it holds something else" + block;
}

std::string der_words(std::string_view der) {
  if (decode<X509Ptr>(der, d2i_X509) != nullptr) return "it holds a certificate in DER form";
  if (decode<Pkcs12Ptr>(der, d2i_PKCS12) != nullptr) return "it is a PFX (PKCS #12)";
  if (decode<PkeyPtr>(der, d2i_AutoPrivateKey) != nullptr)
    return "it holds a private key in DER form";
  if (decode<RequestPtr>(der, d2i_X509_REQ) != nullptr)
    return "it holds a certificate request in DER form";
  if (decode<X509CrlPtr>(der, d2i_X509_CRL) != nullptr)
    return "it holds a revocation list in DER form";
  if (decode<Pkcs7Ptr>(der, d2i_PKCS7) != nullptr) return "it holds a PKCS #7 bundle";
  return "it holds binary data that is no certificate, or one that is cut off";
}

// The keys of Unicode passwords differ; nullptr and "" are two ways to have none.
const char* matching_password(PKCS12* pfx, const std::optional<std::string>& given) {
  if (given) return PKCS12_verify_mac(pfx, given->c_str(), -1) == 1 ? given->c_str() : nullptr;
  if (PKCS12_verify_mac(pfx, "", 0) == 1) return "";
  return nullptr;
}

Result<CertificateFile> parse_pfx(PKCS12* pfx, const std::optional<std::string>& password) {
  const bool unprotected =
      PKCS12_mac_present(pfx) == 0 || (!password && PKCS12_verify_mac(pfx, nullptr, 0) == 1);
  const char* const word = unprotected ? nullptr : matching_password(pfx, password);
  (void)take_openssl_error();
  if (word == nullptr && !unprotected)
    return invalid(password ? "it is a PFX (PKCS #12), and the password does not open it"
                            : "it is a PFX (PKCS #12) under a password; give the password too");
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  const int ok = PKCS12_parse(pfx, word, &key, &leaf, &others);
  const PkeyPtr own_key(key);
  const X509Ptr own_leaf(leaf);
  const X509StackPtr own_others(others);
  const std::string why = take_openssl_error();
  if (ok != 1) return invalid("it is a PFX (PKCS #12) that cannot be opened: " + why);
  CertificateFile out{{}, true, {}};
  // OpenSSL sets the leaf apart by its key.
  if (key == nullptr)
    out.pfx_key_problem = "the PFX holds no private key";
  else if (leaf == nullptr)
    out.pfx_key_problem = "the private key in the PFX is none of its certificates'";
  const auto add = [&out](X509* one) -> Result<void> {
    TRY(Certificate certificate, Certificate::from_der(encode_der(one, i2d_X509)));
    out.certificates.push_back(std::move(certificate));
    return {};
  };
  if (leaf != nullptr) {
    TRY_VOID(add(leaf));
  }
  for (int i = 0; i < sk_X509_num(others); ++i) {
    TRY_VOID(add(sk_X509_value(others, i)));
  }
  if (out.certificates.empty()) return invalid("it is a PFX (PKCS #12) without any certificate");
  return out;
}

// DER in Base64 without its frame, as Windows's "Copy to File" leaves it when lines are lost.
std::optional<std::string> bare_base64(std::string_view text) {
  if (!trim(text).starts_with("MI")) return std::nullopt;
  std::string dense;
  for (const char c : text)
    if (c != '\r' && c != '\n' && c != ' ') dense += c;
  std::optional<std::string> der = from_base64(dense);
  if (!der || der->empty() || der->front() != 0x30) return std::nullopt;
  return der;
}

}  // namespace

std::string plain_text(std::string_view octets) {
  if (auto wide = decode_utf16(octets)) return std::move(wide->text);
  return std::string(octets.starts_with("\xEF\xBB\xBF") ? octets.substr(3) : octets);
}

std::string describe_content(std::string_view octets) {
  if (octets.empty()) return "it is empty";
  const std::string text = plain_text(octets);
  const std::string prefix = decode_utf16(octets) ? "it is UTF-16 text; " : "";
  if (const std::size_t at = text.find(kBegin); at != std::string::npos) {
    const std::string_view rest = std::string_view(text).substr(at + kBegin.size());
    return prefix + label_words(rest.substr(0, rest.find("-----")));
  }
  if (octets.front() == 0x30) return der_words(octets);
  if (trim(text).empty()) return "it holds nothing but blanks";
  return prefix + (is_ascii(text) ? "it holds text without any PEM block" : "it holds binary data");
}

Result<std::vector<Certificate>> parse_certificates(std::string_view octets,
                                                    const std::optional<std::string>& password) {
  TRY(CertificateFile file, parse_certificate_file(octets, password));
  return std::move(file.certificates);
}

Result<CertificateFile> parse_certificate_file(std::string_view octets,
                                               const std::optional<std::string>& password) {
  const std::string text = plain_text(octets);
  if (text.contains(kBegin)) {
    TRY(std::vector<Certificate> all, parse_pem(octets));
    return CertificateFile{std::move(all)};
  }
  if (const auto der = bare_base64(text)) return parse_certificate_file(*der, password);
  if (octets.empty() || octets.front() != 0x30)
    return invalid(describe_content(octets) + std::string(kExpected));
  if (const Pkcs12Ptr pfx = decode<Pkcs12Ptr>(octets, d2i_PKCS12); pfx != nullptr)
    return parse_pfx(pfx.get(), password);
  Result<Certificate> one = Certificate::from_der(octets);
  if (one) return CertificateFile{{std::move(*one)}};
  const bool certificate = decode<X509Ptr>(octets, d2i_X509) != nullptr;
  return invalid((certificate ? one.error().detail() : describe_content(octets)) +
                 std::string(kExpected));
}

}  // namespace postern::x509
