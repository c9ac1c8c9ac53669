#include "x509/revocation.h"

#include <algorithm>

#include "x509/revocation_index.h"

namespace postern::x509 {
namespace {

// The answer so far: revoked by any source wins, then good by any, then the first `unknown` that
// has a reason of its own.
void merge(RevocationStatus& status, const std::optional<RevocationFinding>& finding,
           const char* source) {
  if (!finding || status.state == RevocationState::revoked) return;
  if (finding->state == RevocationState::unknown) {
    if (status.state == RevocationState::unknown && status.source.empty()) {
      status.source = source;
      status.detail = finding->detail;
      status.unsupported = finding->unsupported;
    }
    return;
  }
  if (finding->state == RevocationState::good && status.state == RevocationState::good) return;
  status = {.state = finding->state, .source = source, .revoked_at = finding->revoked_at};
}

}  // namespace

RevocationIndex::RevocationIndex(const RevocationData& data) : ocsp_(data.ocsp_der) {
  for (const std::string& der : data.crls_der) {
    const unsigned char* at = octets_of(der);
    const bool fits = der.size() <= kMaxCrlOctets;
    crls_.emplace_back(fits ? d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())) : nullptr);
    if (crls_.back() == nullptr) (void)take_openssl_error();
  }
}

bool RevocationIndex::crl_signature_good(std::size_t crl, const Certificate& issuer) {
  const auto [at, inserted] = crl_signatures_.try_emplace({crl, issuer.sha256()}, false);
  if (inserted) {
    EVP_PKEY* key = X509_get0_pubkey(issuer.native());
    at->second = key != nullptr && X509_CRL_verify(crls_[crl].get(), key) == 1;
  }
  return at->second;
}

RevocationStatus RevocationIndex::status(const Certificate& certificate, const Certificate& issuer,
                                         Time now) {
  const auto [at, inserted] = known_.try_emplace({certificate.sha256(), issuer.sha256(), now});
  if (inserted) at->second = evaluate(certificate, issuer, now);
  return at->second;
}

RevocationStatus RevocationIndex::evaluate(const Certificate& certificate,
                                           const Certificate& issuer, Time now) {
  RevocationStatus out;
  for (const std::string& der : ocsp_)
    merge(out, judge_ocsp(der, certificate, issuer, now), "ocsp");
  std::vector<RevocationFinding> findings;
  for (std::size_t i = 0; i < crls_.size(); ++i) {
    if (crls_[i] == nullptr) {
      findings.push_back(unknown_because("a CRL is unreadable"));
      continue;
    }
    const auto signature_good = [&] { return crl_signature_good(i, issuer); };
    auto finding = judge_crl(crls_[i].get(), certificate, issuer, signature_good, now);
    if (finding) findings.push_back(std::move(*finding));
  }
  for (RevocationFinding& finding : findings) {
    const bool lifted = std::ranges::any_of(findings, [&](const RevocationFinding& delta) {
      return delta.lifts_hold && delta.issued >= finding.issued;
    });
    if (finding.hold && lifted) finding = {.state = RevocationState::good};
  }
  for (const RevocationFinding& finding : findings) merge(out, finding, "crl");
  (void)take_openssl_error();
  if (out.state != RevocationState::unknown || !out.source.empty()) return out;
  out.detail = !crls_.empty()   ? "no CRL of this issuer"
               : !ocsp_.empty() ? "response of another certificate"
                                : "no revocation data";
  return out;
}

RevocationStatus revocation_status(const Certificate& certificate, const Certificate& issuer,
                                   const RevocationData& data, Time now) {
  return RevocationIndex(data).status(certificate, issuer, now);
}

}  // namespace postern::x509
