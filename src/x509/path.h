// Certification paths: a search of our own in front of OpenSSL's checks. Pure: time, anchors and
// revocation data come in. The answer does not depend on the order, repeats or strangers in the
// peer's bag.
// Dates of anchors count too, beyond RFC 5280: an expired root is the fault `expired`. notAfter is
// inclusive to the second. Anchors need not be self-signed; their own signature, issuer, key usage
// and extended key usage do not count, but what they issue needs them to be CAs with a strong key.
// An issuer that is nowhere is `incomplete-chain` above a lone leaf (an intermediate was left out),
// and `untrusted-root` above a CA that the peer did present (peers leave out the root itself).
// Source: RFC 5280 s6, RFC 4158.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "x509/certificate.h"
#include "x509/revocation.h"
#include "x509/trust.h"

namespace postern::x509 {

enum class Purpose { tls_server, tls_client };

// Of a peer's bag, repeats not counted; more is `limit`.
constexpr std::size_t kMaxPresentedCertificates = 150;
constexpr std::size_t kMaxPresentedOctets = 2 << 20;
constexpr std::size_t kMaxPathDepth = 12;  // certificates, the anchor included
// Of one search: signatures checked, by what they cost, and steps; about 0.1 s in all.
constexpr std::size_t kPathWorkBudget = 1000;

// What is wrong with one certificate of a path. Names follow X509_V_ERR; `code` is the catalog's
// word.
struct PathFault {
  std::size_t depth = 0;  // 0: the leaf
  std::string code;       // "expired", "not-yet-valid", "untrusted-root", "incomplete-chain",
                          // "self-signed", "bad-signature", "wrong-key-usage", "weak-key-or-hash",
                          // "chain-constraint", "revoked", "revocation-unreachable", "limit"
  std::string detail;     // a sentence with the facts: which certificate, which date
  int openssl_error = 0;
};

// A certificate that was not found revoked, nor known to be good; with require_revocation only.
[[nodiscard]] inline bool is_unknown_revocation(const PathFault& fault) {
  return fault.code == "revocation-unreachable" || fault.code == "unsupported";
}

struct PathResult {
  bool ok = false;
  // The best path found, leaf first, anchor last where one was reached. Never empty when
  // `presented` was not.
  std::vector<Certificate> path;
  std::optional<Anchor> anchor;   // what made it trusted
  std::vector<PathFault> faults;  // of the best path; empty when ok. The first is the primary one.
  // Revocation per certificate of the path below the anchor, in order; `unknown` where nothing was
  // given or found. Without an anchor nothing is asked: anybody could have signed the answer.
  std::vector<RevocationStatus> revocation;
};

// `strict`: the issuing rules of RFC 5280 s4 count too. `lenient`: what private CAs in the field
// need: no key identifiers, no key usage, fields that a careful CA would have marked critical.
enum class Profile { lenient, strict };

struct PathOptions {
  Purpose purpose = Purpose::tls_server;
  Time now{};
  Profile profile = Profile::lenient;
  bool check_revocation = false;  // evaluates `data`; a revoked certificate is a fault; unknown is
                                  // not (the judge decides)
  Duration revocation_slack = kRevocationClockSlack;  // none where `now` is no clock's
  bool common_name_counts = false;  // the name may be matched by CN: name constraints bind it too
  // Every certificate below the anchor must be known to be good; what is not is a fault
  // (`revocation-unreachable`). With check_revocation only.
  bool require_revocation = false;
  std::optional<std::size_t> max_path_length = {};  // intermediates that are not self-issued
  std::uint32_t key_usage = 0;  // what the leaf must allow: bits as RFC 5280 s4.2.1.3 counts
                                // them, 1 << 0 for digitalSignature
  int min_security_bits = 112;  // leaf and CA keys (RSA 2048)
};

// `presented`: leaf first, then a bag. `sets`: every anchor of every set counts, self-signed or
// not.
[[nodiscard]] PathResult find_path(const std::vector<Certificate>& presented, const TrustSets& sets,
                                   const RevocationView& data, const PathOptions& options);

}  // namespace postern::x509
