#include "x509/revocation.h"

#include <algorithm>

#include <openssl/rsa.h>

#include "x509/revocation_index.h"

namespace postern::x509 {
namespace {

constexpr int kMinSignatureBits = 112;  // SHA-1 has less

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

// RFC 5280 s5.3.1: a delta list that is no older lifts a hold.
void lift_holds(std::vector<RevocationFinding>& findings) {
  for (RevocationFinding& finding : findings) {
    const bool lifted = std::ranges::any_of(findings, [&](const RevocationFinding& delta) {
      return delta.lifts_hold && delta.issued >= finding.issued;
    });
    if (finding.hold && lifted) finding = {.state = RevocationState::good};
  }
}

// RFC 5280 s6.3.3 (l): lists for some reasons are good together when they cover all of them.
void unite_reasons(std::vector<RevocationFinding>& findings) {
  unsigned covered = 0;
  for (const RevocationFinding& finding : findings)
    if (finding.state == RevocationState::good) covered |= finding.reasons;
  if (covered == kAllReasons) return;
  for (RevocationFinding& finding : findings)
    if (finding.state == RevocationState::good)
      finding = unknown_because("the CRL covers some reasons only");
}

std::string fingerprints(const std::vector<Certificate>& certificates) {
  std::string out;
  for (const Certificate& one : certificates) out += one.sha256();
  return out;
}

// RFC 8017 A.2.3: without parameters, or without a digest among them, it is SHA-1.
int pss_digest(const X509_ALGOR* algorithm) {
  using ParametersPtr = std::unique_ptr<RSA_PSS_PARAMS, OpenSslDelete<RSA_PSS_PARAMS_free>>;
  const ParametersPtr parameters(static_cast<RSA_PSS_PARAMS*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter)));
  if (parameters == nullptr || parameters->hashAlgorithm == nullptr) return NID_sha1;
  return OBJ_obj2nid(parameters->hashAlgorithm->algorithm);
}

}  // namespace

bool is_strong_signature(const X509_ALGOR* algorithm) {
  const int nid = OBJ_obj2nid(algorithm->algorithm);
  int digest = NID_undef;
  if (nid == NID_rsassaPss)
    digest = pss_digest(algorithm);
  else if (OBJ_find_sigid_algs(nid, &digest, nullptr) != 1)
    return false;
  else if (digest == NID_undef)
    return true;  // EdDSA
  const EVP_MD* md = EVP_get_digestbynid(digest);
  return md != nullptr && EVP_MD_get_size(md) * 4 >= kMinSignatureBits;
}

RevocationIndex::RevocationIndex(RevocationView data, Time now, Duration slack)
    : data_(std::move(data)), now_(now), slack_(slack) {
  for (const std::string_view der : data_.crls_der)
    crls_.push_back(der.size() <= kMaxCrlOctets ? CrlList::read(der) : std::nullopt);
}

bool RevocationIndex::has_crl_of(const X509_NAME* issuer) const {
  return std::ranges::any_of(crls_, [&](const std::optional<CrlList>& crl) {
    return crl && X509_NAME_cmp(X509_CRL_get_issuer(crl->head()), issuer) == 0;
  });
}

bool RevocationIndex::crl_signed_by(std::size_t crl, const Certificate& signer) {
  const auto [at, inserted] = crl_signatures_.try_emplace({crl, signer.sha256()}, false);
  if (inserted) at->second = crls_[crl]->signed_by(X509_get0_pubkey(signer.native()));
  return at->second;
}

RevocationStatus RevocationIndex::status(const Certificate& certificate, const Certificate& issuer,
                                         const std::vector<Certificate>& crl_signers) {
  const auto [at, inserted] =
      known_.try_emplace({certificate.sha256(), issuer.sha256(), fingerprints(crl_signers)});
  if (inserted) at->second = evaluate({certificate, issuer, crl_signers, now_, slack_});
  return at->second;
}

std::vector<RevocationFinding> RevocationIndex::crl_findings(const RevocationQuestion& question) {
  std::vector<RevocationFinding> out;
  for (std::size_t i = 0; i < crls_.size(); ++i) {
    if (!crls_[i]) {
      out.push_back(unknown_because("a CRL is unreadable"));
      continue;
    }
    const auto signed_by = [&](const Certificate& signer) { return crl_signed_by(i, signer); };
    if (auto finding = judge_crl(*crls_[i], question, signed_by))
      out.push_back(std::move(*finding));
  }
  lift_holds(out);
  unite_reasons(out);
  return out;
}

RevocationStatus RevocationIndex::evaluate(const RevocationQuestion& question) {
  RevocationStatus out;
  for (const std::string_view der : data_.ocsp_der) merge(out, judge_ocsp(der, question), "ocsp");
  for (const RevocationFinding& finding : crl_findings(question)) merge(out, finding, "crl");
  (void)take_openssl_error();
  if (out.state != RevocationState::unknown || !out.source.empty()) return out;
  out.detail = !crls_.empty()            ? "no CRL of this issuer"
               : !data_.ocsp_der.empty() ? "response of another certificate"
                                         : "no revocation data";
  return out;
}

RevocationStatus revocation_status(const Certificate& certificate, const Certificate& issuer,
                                   const RevocationData& data, Time now) {
  return RevocationIndex(data, now, kRevocationClockSlack).status(certificate, issuer, {});
}

}  // namespace postern::x509
