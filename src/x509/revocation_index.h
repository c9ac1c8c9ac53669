// RevocationData parsed once for many questions; signature checks are remembered. For one search,
// in one thread. The rules of a CRL are in crl.cc, those of an OCSP response in ocsp.cc.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "x509/openssl.h"
#include "x509/revocation.h"

namespace postern::x509 {

// Clocks differ: what was issued up to this far in the future counts, and what ended this long ago.
constexpr Duration kRevocationClockSlack = std::chrono::minutes(5);
// RFC 6960 s4.2.2.1: without nextUpdate newer information is always available; taken for a day.
constexpr Duration kOcspMaxAgeWithoutNextUpdate = std::chrono::hours(24);
constexpr std::size_t kMaxOcspOctets = 1 << 20;
constexpr std::size_t kMaxOcspAnswers = 100;      // single responses read of one response
constexpr std::size_t kMaxOcspCertificates = 10;  // enclosed responder certificates looked at

// What one CRL or response says about one certificate; nullopt in its place: it is about others.
struct RevocationFinding {
  RevocationState state = RevocationState::unknown;
  std::string detail = {};  // of `unknown`
  Time revoked_at{};
  bool unsupported = false;
  bool hold = false;        // of `revoked`: the revocation may be lifted (RFC 5280 s5.3.1)
  bool lifts_hold = false;  // a delta list says removeFromCRL
  Time issued{};            // of both: thisUpdate of the list
};
[[nodiscard]] inline RevocationFinding unknown_because(std::string detail) {
  return {.detail = std::move(detail)};
}

// `signature_good` says whether `issuer` signed `crl`; asked last, since it reads the whole list.
[[nodiscard]] std::optional<RevocationFinding> judge_crl(
    X509_CRL* crl, const Certificate& certificate, const Certificate& issuer,
    const std::function<bool()>& signature_good, Time now);
[[nodiscard]] std::optional<RevocationFinding> judge_ocsp(std::string_view der,
                                                          const Certificate& certificate,
                                                          const Certificate& issuer, Time now);

class RevocationIndex {
 public:
  explicit RevocationIndex(const RevocationData& data);
  [[nodiscard]] RevocationStatus status(const Certificate& certificate, const Certificate& issuer,
                                        Time now);

 private:
  RevocationStatus evaluate(const Certificate& certificate, const Certificate& issuer, Time now);
  bool crl_signature_good(std::size_t crl, const Certificate& issuer);

  std::vector<X509CrlPtr> crls_;  // null: unreadable
  std::vector<std::string> ocsp_;
  std::map<std::pair<std::size_t, std::string>, bool> crl_signatures_;  // CRL, issuer's sha256
  std::map<std::tuple<std::string, std::string, Time>, RevocationStatus> known_;  // both sha256
};

}  // namespace postern::x509
