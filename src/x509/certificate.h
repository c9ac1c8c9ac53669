// Certificates as facts. Immutable values, cheap to copy (shared), thread-safe to read. OpenSSL
// stays in the .cc files of x509 and tls. Source: RFC 5280.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

typedef struct x509_st X509;

namespace postern::x509 {

constexpr std::size_t kMaxCertificateOctets = 256 * 1024;
constexpr std::size_t kMaxPemCertificates = 10'000;  // in one file

class Certificate {
 public:
  // Strict DER, whole input. Errors: invalid.
  [[nodiscard]] static Result<Certificate> from_der(std::string_view der);

  [[nodiscard]] const std::string& der() const;
  [[nodiscard]] const std::string& sha256()
      const;  // upper-case hex of the DER's digest: our fingerprint
  [[nodiscard]] const std::string& thumbprint()
      const;  // upper-case hex SHA-1, what Windows and Exchange call thumbprint
  // Names as Exchange writes them in TlsCertificateName and logs: most specific first,
  // "CN=mail.contoso.com, O=Contoso, C=US".
  [[nodiscard]] const std::string& subject() const;
  [[nodiscard]] const std::string& issuer() const;
  [[nodiscard]] std::string subject_der() const;    // as a CertificateRequest lists it
  [[nodiscard]] const std::string& serial() const;  // upper-case hex, no leading zeros
  [[nodiscard]] Time not_before() const;
  [[nodiscard]] Time not_after() const;                                // inclusive
  [[nodiscard]] const std::vector<std::string>& dns_names() const;     // SAN dNSName, as they stand
  [[nodiscard]] const std::vector<std::string>& ip_addresses() const;  // SAN iPAddress, textual
  [[nodiscard]] const std::vector<std::string>& email_addresses() const;
  [[nodiscard]] const std::vector<std::string>& common_names()
      const;                               // subject CNs, most specific first
  [[nodiscard]] bool self_issued() const;  // subject equals issuer
  [[nodiscard]] bool self_signed() const;  // and its own key verifies it
  [[nodiscard]] bool is_ca() const;        // basicConstraints CA
  [[nodiscard]] bool has_eku() const;
  [[nodiscard]] bool eku_allows_server()
      const;  // serverAuth or anyExtendedKeyUsage, or no EKU at all
  [[nodiscard]] bool eku_allows_client() const;
  [[nodiscard]] const std::string& key_type() const;  // "RSA 2048", "EC P-256", "Ed25519"
  [[nodiscard]] int security_bits() const;
  [[nodiscard]] const std::string& signature_algorithm() const;  // "sha256WithRSAEncryption"
  [[nodiscard]] const std::string& subject_key_id() const;       // hex; empty: none
  [[nodiscard]] const std::string& authority_key_id() const;
  [[nodiscard]] const std::vector<std::string>& crl_urls() const;
  [[nodiscard]] const std::vector<std::string>& ocsp_urls() const;
  [[nodiscard]] const std::vector<std::string>& aia_urls() const;  // caIssuers
  [[nodiscard]] std::string pem() const;
  // For x509 and tls only: borrowed, lives as long as this value.
  [[nodiscard]] X509* native() const;
  bool operator==(const Certificate& other) const { return sha256() == other.sha256(); }

  struct Facts;

 private:
  explicit Certificate(std::shared_ptr<const Facts> facts) : facts_(std::move(facts)) {}
  std::shared_ptr<const Facts> facts_;
};

// Every CERTIFICATE (and TRUSTED CERTIFICATE) block of a PEM text, in order; text between blocks is
// skipped. Errors: invalid (block N broken: why), also when there is none.
[[nodiscard]] Result<std::vector<Certificate>> parse_pem(std::string_view text);

// "<I>CN=..., O=...<S>CN=..." of a certificate (Exchange's TlsCertificateName), and its parts
// parsed.
[[nodiscard]] std::string exchange_certificate_name(const Certificate& certificate);
struct IssuerSubject {
  std::string issuer, subject;
};
[[nodiscard]] std::optional<IssuerSubject> parse_exchange_certificate_name(std::string_view text);
// Compares distinguished names as text: blanks around , and = and letter case do not count.
[[nodiscard]] bool same_distinguished_name(std::string_view a, std::string_view b);

}  // namespace postern::x509
