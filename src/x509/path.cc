// The search: depth first from the leaf, anchors before the peer's certificates, likely issuers
// before unlikely ones, in an order that depends on the certificates alone. The first clean path
// ends it; else the best of the paths that failed is told.
#include "x509/path.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "x509/openssl.h"
#include "x509/path_check.h"
#include "x509/revocation_index.h"

namespace postern::x509 {
namespace {

// Paths without an anchor that are kept for the report; the best stay.
constexpr std::size_t kMaxDeadEnds = 8;

enum class Link { none, bad_signature, good };

// How a path ends, from the most to the least telling report.
enum class End { anchor, self_signed, bad_signature, issuer_unknown, too_long };

struct FailedPath {
  std::vector<Certificate> path;
  End end = End::issuer_unknown;
};

std::string fingerprint(const std::vector<Certificate>& path) {
  std::string out;
  for (const Certificate& certificate : path) out += certificate.sha256();
  return out;
}

bool same_subject_and_key(const Certificate& a, const Certificate& b) {
  return X509_NAME_cmp(X509_get_subject_name(a.native()), X509_get_subject_name(b.native())) == 0 &&
         X509_get0_pubkey(a.native()) != nullptr && X509_get0_pubkey(b.native()) != nullptr &&
         EVP_PKEY_eq(X509_get0_pubkey(a.native()), X509_get0_pubkey(b.native())) == 1;
}

// RFC 4158 s3.5: key identifier that fits, then in force at `now`, then the newer one; the
// fingerprint last, so that equal ones have an order too.
auto issuer_order(const Certificate& subject, const Certificate& issuer, Time now) {
  const bool fits =
      !subject.authority_key_id().empty() && subject.authority_key_id() == issuer.subject_key_id();
  const bool in_force = issuer.not_before() <= now && now <= issuer.not_after();
  return std::tuple(!fits, !in_force, -issuer.not_after().time_since_epoch(), issuer.sha256());
}

// Names and key identifiers fit. Whether the issuer may sign is a fault of the path, no obstacle.
bool likely_issuer(const Certificate& issuer, const Certificate& subject) {
  const int found = X509_check_issued(issuer.native(), subject.native());
  return found == X509_V_OK || found == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

std::size_t octets(const std::vector<Certificate>& bag) {
  std::size_t sum = 0;
  for (const Certificate& certificate : bag) sum += certificate.der().size();
  return sum;
}

class Search {
 public:
  Search(const std::vector<Certificate>& presented, const TrustSets& sets,
         const RevocationData& data, const PathOptions& options)
      : sets_(sets), options_(options), revocation_(data), bag_(presented) {
    path_.push_back(presented.front());
    std::ranges::sort(bag_, {}, &Certificate::sha256);
    bag_.erase(std::unique(bag_.begin(), bag_.end()), bag_.end());
  }

  PathResult run() {
    if (bag_.size() > kMaxPresentedCertificates) {
      limit_ = "the peer presented " + std::to_string(bag_.size()) + " different certificates; " +
               std::to_string(kMaxPresentedCertificates) + " are looked at";
      dead_ends_.push_back({path_, End::issuer_unknown});
    } else if (octets(bag_) > kMaxPresentedOctets) {
      limit_ = "the peer presented " + std::to_string(octets(bag_)) + " octets of certificates; " +
               std::to_string(kMaxPresentedOctets) + " are looked at";
      dead_ends_.push_back({path_, End::issuer_unknown});
    } else if (extend()) {
      return std::move(*best_);
    }
    if (!best_) report_dead_ends();
    if (!limit_.empty()) best_->faults.insert(best_->faults.begin(), {0, "limit", limit_, 0});
    return std::move(*best_);
  }

 private:
  // Work is counted in signatures that are checked or might be.
  bool spend(std::size_t work) {
    if (!limit_.empty()) return false;
    work_ += work;
    if (work_ <= kPathWorkBudget) return true;
    limit_ = "the search for a path was given up after " + std::to_string(kPathWorkBudget) +
             " steps; the peer's certificates allow too many";
    return false;
  }

  Link link(const Certificate& subject, const Certificate& issuer) {
    if (!likely_issuer(issuer, subject)) return Link::none;
    if (!spend(1)) return Link::none;
    const auto [at, inserted] =
        links_.try_emplace({subject.sha256(), issuer.sha256()}, Link::bad_signature);
    if (inserted && X509_verify(subject.native(), X509_get0_pubkey(issuer.native())) == 1)
      at->second = Link::good;
    return at->second;
  }

  // The anchors that may have issued the end of the path, likely ones first; one that several sets
  // hold counts for the first of them.
  std::vector<const Anchor*> candidate_anchors() const {
    const Certificate& end = path_.back();
    std::vector<const Anchor*> out;
    for (const auto& set : sets_) {
      for (const Anchor* anchor : set->issuers_of(end)) {
        const bool known = std::ranges::any_of(
            out, [&](const Anchor* other) { return other->certificate == anchor->certificate; });
        if (!known) out.push_back(anchor);
      }
    }
    std::ranges::sort(
        out, {}, [&](const Anchor* a) { return issuer_order(end, a->certificate, options_.now); });
    return out;
  }

  std::vector<Certificate> candidate_issuers() const {
    const Certificate& end = path_.back();
    std::vector<Certificate> out;
    for (const Certificate& certificate : bag_) {
      const bool seen = std::ranges::any_of(path_, [&](const Certificate& in_path) {
        return in_path == certificate || same_subject_and_key(in_path, certificate);
      });
      if (!seen && X509_NAME_cmp(X509_get_subject_name(certificate.native()),
                                 X509_get_issuer_name(end.native())) == 0)
        out.push_back(certificate);
    }
    std::ranges::sort(out, {},
                      [&](const Certificate& c) { return issuer_order(end, c, options_.now); });
    return out;
  }

  const Anchor* anchor_of(const Certificate& certificate) const {
    for (const auto& set : sets_)
      if (const Anchor* anchor = set->find(certificate)) return anchor;
    return nullptr;
  }

  // Every path that begins with path_; true when a clean one is in best_.
  bool extend() {
    const Certificate end = path_.back();
    // A pinned leaf. Anchors above it are met as issuers of what is below them.
    const Anchor* pinned = path_.size() == 1 ? anchor_of(end) : nullptr;
    if (pinned != nullptr && consider(*pinned)) return true;
    bool extended = false, broken = false;
    for (const Anchor* anchor : candidate_anchors()) {
      if (anchor->certificate == end) continue;
      const Link found = link(end, anchor->certificate);
      broken = broken || found == Link::bad_signature;
      if (found != Link::good) continue;
      extended = true;
      path_.push_back(anchor->certificate);
      const bool clean = consider(*anchor);
      path_.pop_back();
      if (clean) return true;
    }
    if (end.self_signed()) {
      add_dead_end(End::self_signed);
      return false;
    }
    for (const Certificate& issuer : candidate_issuers()) {
      const Link found = link(end, issuer);
      broken = broken || found == Link::bad_signature;
      if (found != Link::good) continue;
      extended = true;
      if (path_.size() + 1 >= kMaxPathDepth) {
        add_dead_end(End::too_long);
        continue;
      }
      path_.push_back(issuer);
      const bool clean = extend();
      path_.pop_back();
      if (clean) return true;
    }
    if (!extended)
      add_dead_end(broken || likely_issuer(end, end) ? End::bad_signature : End::issuer_unknown);
    return false;
  }

  // path_ ends in `anchor`. True when it is clean; best_ holds it then, or the better one.
  bool consider(const Anchor& anchor) {
    if (!spend(path_.size())) return false;
    PathResult result;
    result.path = path_;
    result.anchor = anchor;
    result.faults = check_path(path_, options_);
    add_revocation(result);
    result.ok = result.faults.empty();
    const auto order = [](const PathResult& r) {
      return std::tuple(r.faults.size(), r.faults.empty() ? 0 : -fault_rank(r.faults.front()),
                        r.path.size(), fingerprint(r.path));
    };
    const bool clean = result.ok;
    if (clean || !best_ || order(result) < order(*best_)) best_ = std::move(result);
    return clean;
  }

  void add_revocation(PathResult& result) {
    for (std::size_t i = 0; i + 1 < result.path.size(); ++i) {
      if (!options_.check_revocation) {
        result.revocation.push_back({RevocationState::unknown, {}, "not asked", {}});
        continue;
      }
      RevocationStatus status =
          revocation_.status(result.path[i], result.path[i + 1], options_.now);
      if (status.state == RevocationState::revoked)
        result.faults.push_back({i, "revoked",
                                 describe(result.path[i]) + " was revoked by its issuer at " +
                                     format_rfc3339(status.revoked_at) + " (" + status.source + ")",
                                 X509_V_ERR_CERT_REVOKED});
      result.revocation.push_back(std::move(status));
    }
    sort_faults(result.faults);
  }

  static auto dead_end_order(const FailedPath& p) {
    return std::tuple(p.end, -static_cast<int>(p.path.size()), fingerprint(p.path));
  }

  void add_dead_end(End end) {
    dead_ends_.push_back({path_, end});
    if (dead_ends_.size() <= kMaxDeadEnds) return;
    dead_ends_.erase(std::ranges::max_element(dead_ends_, {}, dead_end_order));
  }

  // No path reaches an anchor: the most telling end with the fewest other faults.
  void report_dead_ends() {
    if (dead_ends_.empty()) dead_ends_.push_back({path_, End::issuer_unknown});
    std::ranges::sort(dead_ends_, {}, dead_end_order);
    for (const FailedPath& failed : dead_ends_) {
      if (best_ && failed.end != dead_ends_.front().end) break;
      PathResult result;
      result.path = failed.path;
      result.faults = check_path(failed.path, options_);
      add_revocation(result);
      result.revocation.push_back({RevocationState::unknown, {}, "its issuer is not known", {}});
      // When the search did not end, nothing can be said about an issuer that it did not find.
      const bool unsettled = !limit_.empty() && failed.end == End::issuer_unknown;
      if (!unsettled) result.faults.insert(result.faults.begin(), trust_fault(failed));
      if (!best_ || result.faults.size() < best_->faults.size()) best_ = std::move(result);
    }
  }

  static PathFault trust_fault(const FailedPath& failed) {
    const Certificate& last = failed.path.back();
    const std::size_t depth = failed.path.size() - 1;
    const std::string issuer = "\"" + last.issuer() + "\"";
    switch (failed.end) {
      case End::self_signed:
        if (depth == 0)
          return {depth, "self-signed",
                  describe(last) + " is its own issuer and is not among the trusted anchors",
                  X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT};
        return {depth, "untrusted-root",
                "the chain ends in the root \"" + last.subject() +
                    "\", which is not among the trusted anchors",
                X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN};
      case End::bad_signature:
        return {depth, "bad-signature",
                describe(last) + " has a signature that no certificate of its issuer " + issuer +
                    " verifies",
                X509_V_ERR_CERT_SIGNATURE_FAILURE};
      case End::too_long:
        return {depth, "limit",
                "the chain is longer than " + std::to_string(kMaxPathDepth) + " certificates",
                X509_V_ERR_CERT_CHAIN_TOO_LONG};
      case End::anchor:
      case End::issuer_unknown:
        break;
    }
    return issuer_unknown_fault(last, depth);
  }

  // Nothing at hand is the issuer. Above a lone leaf an intermediate is missing; above a CA that
  // the peer did send it is the root, which peers leave out (RFC 8446 s4.4.2), and which is not
  // trusted here.
  static PathFault issuer_unknown_fault(const Certificate& last, std::size_t depth) {
    const std::string fetch =
        last.aia_urls().empty() ? "" : "; it can be fetched from " + last.aia_urls().front();
    if (depth > 0)
      return {depth, "untrusted-root",
              "the chain ends below \"" + last.issuer() +
                  "\", which was not presented and is not among the trusted anchors" + fetch,
              X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY};
    return {depth, "incomplete-chain",
            describe(last) + " was issued by \"" + last.issuer() +
                "\", whose certificate was not presented and is not among the trusted anchors" +
                fetch,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY};
  }

  const TrustSets& sets_;
  const PathOptions& options_;
  RevocationIndex revocation_;
  std::vector<Certificate> bag_;  // sorted, each once
  std::vector<Certificate> path_;
  std::map<std::pair<std::string, std::string>, Link> links_;  // by fingerprints: subject, issuer
  std::vector<FailedPath> dead_ends_;
  std::optional<PathResult> best_;  // the best path with an anchor, or the report
  std::size_t work_ = 0;
  std::string limit_;  // why the search was given up; empty: it was not
};

}  // namespace

PathResult find_path(const std::vector<Certificate>& presented, const TrustSets& sets,
                     const RevocationData& data, const PathOptions& options) {
  if (presented.empty()) {
    PathResult none;
    none.faults.push_back({0, "incomplete-chain", "no certificate was presented", 0});
    return none;
  }
  static const RevocationData kNoData;
  PathResult result =
      Search(presented, sets, options.check_revocation ? data : kNoData, options).run();
  (void)take_openssl_error();
  return result;
}

}  // namespace postern::x509
