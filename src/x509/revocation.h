// Revocation data as values: CRLs and OCSP responses that somebody else fetched or that were
// stapled. Revoked, unknown and stale are kept apart. Source: RFC 5280 s5-6.3, RFC 6960.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/certificate.h"

namespace postern::x509 {

constexpr std::size_t kMaxCrlOctets = 32 << 20;
// Clocks differ: what was issued up to this far in the future counts, and what ended this long ago.
constexpr Duration kRevocationClockSlack = std::chrono::minutes(5);

struct RevocationData {
  std::vector<std::string> crls_der = {};  // each one CRL
  std::vector<std::string> ocsp_der = {};  // each one OCSPResponse (a staple is one)
};

// The same, borrowed: lists can be long, and lie elsewhere.
struct RevocationView {
  RevocationView() = default;
  RevocationView(const RevocationData& data)  // NOLINT(google-explicit-constructor)
      : crls_der(data.crls_der.begin(), data.crls_der.end()),
        ocsp_der(data.ocsp_der.begin(), data.ocsp_der.end()) {}
  std::vector<std::string_view> crls_der, ocsp_der;
};

enum class RevocationState { good, revoked, unknown };
struct RevocationStatus {
  RevocationState state = RevocationState::unknown;
  std::string source = {};  // "ocsp", "crl", empty
  std::string detail = {};  // why unknown: "no CRL of this issuer", "CRL past nextUpdate
                            // 2026-11-01", "response of another certificate", ...
  Time revoked_at{};
  bool unsupported = false;  // unknown, since the data is of a kind that is not evaluated
};

// CRLs of a PEM or DER file. Errors: invalid.
[[nodiscard]] Result<std::vector<std::string>> parse_crls(std::string_view text);

// `certificate` below `issuer`, judged by the data at `now`. Signatures of CRL and response are
// checked against `issuer` (or a delegated responder certificate it signed).
[[nodiscard]] RevocationStatus revocation_status(const Certificate& certificate,
                                                 const Certificate& issuer,
                                                 const RevocationData& data, Time now);

}  // namespace postern::x509
