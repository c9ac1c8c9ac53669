// Revocation data read once for many questions; signature checks are remembered. For one search, in
// one thread; borrows the data. The rules of a CRL are in crl.cc, those of an OCSP response in
// ocsp.cc.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "x509/crl_list.h"
#include "x509/openssl.h"
#include "x509/revocation.h"

namespace postern::x509 {

// RFC 6960 s4.2.2.1: without nextUpdate newer information is always available; taken for a day.
constexpr Duration kOcspMaxAgeWithoutNextUpdate = std::chrono::hours(24);
constexpr std::size_t kMaxOcspOctets = 1 << 20;
constexpr std::size_t kMaxOcspAnswers = 100;      // single responses read of one response
constexpr std::size_t kMaxOcspCertificates = 10;  // enclosed responder certificates looked at
constexpr unsigned kAllReasons = CRLDP_ALL_REASONS;

// What one CRL or response says about one certificate; nullopt in its place: it is about others.
struct RevocationFinding {
  RevocationState state = RevocationState::unknown;
  std::string detail = {};  // of `unknown`
  Time revoked_at{};
  bool unsupported = false;
  bool hold = false;               // of `revoked`: it may be lifted (RFC 5280 s5.3.1)
  bool lifts_hold = false;         // a delta list says removeFromCRL
  Time issued{};                   // of both: thisUpdate of the list
  unsigned reasons = kAllReasons;  // of `good`: for which it was not revoked
};
[[nodiscard]] inline RevocationFinding unknown_because(std::string detail) {
  return {.detail = std::move(detail)};
}

// What is asked, and when.
struct RevocationQuestion {
  const Certificate& certificate;
  const Certificate& issuer;
  // Beside the issuer: certificates that it, or a CA above it on the same path, issued for signing
  // CRLs (RFC 5280 s6.3.3 (f)).
  const std::vector<Certificate>& crl_signers;
  Time now;
  Duration slack;
};

// `signed_by` says whether the key of a certificate signed `crl`; asked last, since it reads the
// whole list.
[[nodiscard]] std::optional<RevocationFinding> judge_crl(
    const CrlList& crl, const RevocationQuestion& question,
    const std::function<bool(const Certificate&)>& signed_by);
[[nodiscard]] std::optional<RevocationFinding> judge_ocsp(std::string_view der,
                                                          const RevocationQuestion& question);
// A signature with less counts only against the certificate: it may revoke, and calls nothing good.
[[nodiscard]] bool is_strong_signature(const X509_ALGOR* algorithm);

class RevocationIndex {
 public:
  RevocationIndex(RevocationView data, Time now, Duration slack);
  [[nodiscard]] RevocationStatus status(const Certificate& certificate, const Certificate& issuer,
                                        const std::vector<Certificate>& crl_signers);
  // Whether a list is at hand that a certificate of this name would have signed.
  [[nodiscard]] bool has_crl_of(const X509_NAME* issuer) const;

 private:
  RevocationStatus evaluate(const RevocationQuestion& question);
  std::vector<RevocationFinding> crl_findings(const RevocationQuestion& question);
  bool crl_signed_by(std::size_t crl, const Certificate& signer);

  RevocationView data_;
  Time now_;
  Duration slack_;
  std::vector<std::optional<CrlList>> crls_;                            // nullopt: unreadable
  std::map<std::pair<std::size_t, std::string>, bool> crl_signatures_;  // CRL, signer's sha256
  // By the fingerprints of certificate, issuer and signers.
  std::map<std::tuple<std::string, std::string, std::string>, RevocationStatus> known_;
};

}  // namespace postern::x509
