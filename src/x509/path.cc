// The search, depth first from the leaf: anchors before the peer's certificates, likely issuers
// before unlikely ones, in an order that depends on the certificates alone. Two rounds. The first
// follows only certificates that have no fault of their own and whose issuers' names lead to an
// anchor, so that strangers and junk cost it nothing; the first clean path ends it. The second,
// when there is none, follows everything, to say what is wrong with the best of the paths.
#include "x509/path.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "x509/digest.h"
#include "x509/issuer_order.h"
#include "x509/name_constraints.h"
#include "x509/openssl.h"
#include "x509/path_check.h"
#include "x509/revocation_index.h"

namespace postern::x509 {
namespace {

// Paths without an anchor that are kept for the report; the best stay.
constexpr std::size_t kMaxDeadEnds = 8;
constexpr std::size_t kHashedOctetsPerUnit = 32 * 1024;

enum class Link { untried, none, bad_signature, good };

// A certificate that may have issued another one.
struct Issuer {
  Certificate certificate;
  const Anchor* anchor = nullptr;  // nullptr: from the peer's bag
  bool faultless = false;          // by itself, in its place
  Link link = Link::untried;
};

// How a path ends, from the most to the least telling report.
enum class End { anchor, self_signed, bad_signature, issuer_unknown, too_long };

std::string fingerprint(const std::vector<Certificate>& path) {
  std::string out;
  for (const Certificate& certificate : path) out += certificate.sha256();
  return out;
}

struct FailedPath {
  FailedPath(const std::vector<Certificate>& failed, End how)
      : path(failed), end(how), print(fingerprint(failed)) {}
  std::vector<Certificate> path;
  End end;
  std::string print;
};

bool same_name(const X509_NAME* a, const X509_NAME* b) {
  return X509_NAME_cmp(a, b) == 0;
}

bool same_subject_and_key(const Certificate& a, const Certificate& b) {
  return same_name(X509_get_subject_name(a.native()), X509_get_subject_name(b.native())) &&
         X509_get0_pubkey(a.native()) != nullptr && X509_get0_pubkey(b.native()) != nullptr &&
         EVP_PKEY_eq(X509_get0_pubkey(a.native()), X509_get0_pubkey(b.native())) == 1;
}

std::size_t octets(const std::vector<Certificate>& bag) {
  std::size_t sum = 0;
  for (const Certificate& certificate : bag) sum += certificate.der().size();
  return sum;
}

// What a signature check costs, in units of the work budget (about a tenth of a millisecond). Keys
// and certificates come from the peer, and the dearest key costs some hundred times the usual one.
std::size_t signature_cost(const Certificate& subject, const Certificate& issuer) {
  const std::size_t hashed = subject.der().size() / kHashedOctetsPerUnit;
  EVP_PKEY* key = X509_get0_pubkey(issuer.native());
  if (key == nullptr) return 1;
  const auto bits = static_cast<std::size_t>(std::max(EVP_PKEY_get_bits(key), 0));
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS)
    return 1 + hashed + (bits / 2048) * (bits / 2048) / 2;
  if (issuer.key_type() == "EC P-256") return 1 + hashed;
  return 1 + hashed + bits * bits / 6000;
}

// RFC 4158 s3.5: anchors, what has no fault, a key identifier that fits, then the newer one; the
// fingerprint last, so that equal ones have an order too.
auto issuer_order(const Certificate& subject, const Issuer& issuer) {
  const Certificate& c = issuer.certificate;
  return std::tuple(issuer.anchor == nullptr, !issuer.faultless, key_id_distance(subject, c),
                    -c.not_after().time_since_epoch(), std::string_view(c.sha256()));
}

// Of one that bears the issuer's name: the subject says which of them it means, and it is not this.
// A hint only; some CAs write it wrongly (RFC 5280 s4.2.1.1).
bool means_another(const Certificate& subject, const Certificate& issuer) {
  const int found = X509_check_issued(issuer.native(), subject.native());
  return found == X509_V_ERR_AKID_SKID_MISMATCH || found == X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH;
}

class Search {
 public:
  Search(const std::vector<Certificate>& presented, const TrustSets& sets,
         const RevocationView& data, const PathOptions& options)
      : sets_(sets),
        options_(options),
        revocation_(data, options.now, options.revocation_slack),
        bag_(presented) {
    path_.push_back(presented.front());
    std::ranges::sort(bag_, {}, &Certificate::sha256);
    bag_.erase(std::unique(bag_.begin(), bag_.end()), bag_.end());
  }

  PathResult run() {
    if (std::string why = bag_objection(); !why.empty()) {
      limit_ = std::move(why);
      dead_ends_.emplace_back(path_, End::issuer_unknown);
    } else if (find_clean() || (limit_.empty() && extend())) {
      return std::move(*best_);
    }
    if (!best_) report_dead_ends();
    const bool told =
        std::ranges::find(best_->faults, "limit", &PathFault::code) != best_->faults.end();
    if (!limit_.empty() && !told)
      best_->faults.insert(best_->faults.begin(), {0, "limit", limit_, 0});
    return std::move(*best_);
  }

 private:
  std::string bag_objection() const {
    if (bag_.size() > kMaxPresentedCertificates)
      return "the peer presented " + std::to_string(bag_.size()) + " different certificates; " +
             std::to_string(kMaxPresentedCertificates) + " are looked at";
    if (octets(bag_) > kMaxPresentedOctets)
      return "the peer presented " + std::to_string(octets(bag_)) + " octets of certificates; " +
             std::to_string(kMaxPresentedOctets) + " are looked at";
    return "";
  }

  // Work is counted in signatures that are checked, and in steps of the search.
  bool spend(std::size_t work) {
    if (!limit_.empty()) return false;
    work_ += work;
    if (work_ <= kPathWorkBudget) return true;
    limit_ = "the search for a path was given up after " + std::to_string(kPathWorkBudget) +
             " units of work; the peer's certificates allow too many";
    return false;
  }

  const std::vector<PathFault>& alone(const Certificate& certificate, Standing standing) {
    const auto [at, inserted] = alone_.try_emplace({certificate.sha256(), standing});
    if (inserted) at->second = check_alone(certificate, standing, options_);
    return at->second;
  }

  // ---- who may have issued a certificate -------------------------------------------------------

  // By name: anchors of every set, one that several hold for the first of them, and the bag's.
  std::vector<Issuer>& issuers_of(const Certificate& subject) {
    const auto [at, inserted] = issuers_.try_emplace(subject.sha256());
    std::vector<Issuer>& out = at->second;
    if (!inserted) return out;
    for (const auto& set : sets_) {
      for (const Anchor* anchor : set->issuers_of(subject)) {
        const bool known = std::ranges::any_of(
            out, [&](const Issuer& other) { return other.certificate == anchor->certificate; });
        if (known || anchor->certificate == subject) continue;
        const bool faultless = alone(anchor->certificate, Standing::anchor).empty();
        out.push_back({anchor->certificate, anchor, faultless});
      }
    }
    for (const Certificate& c : bag_)
      if (c != subject &&
          same_name(X509_get_subject_name(c.native()), X509_get_issuer_name(subject.native())))
        out.push_back({c, nullptr, alone(c, Standing::intermediate).empty()});
    std::ranges::sort(out, {}, [&](const Issuer& i) { return issuer_order(subject, i); });
    return out;
  }

  Link link(const Certificate& subject, Issuer& issuer) {
    if (issuer.link != Link::untried) return issuer.link;
    if (!spend(1)) return Link::none;
    const std::optional<bool> good = signed_by(subject, issuer.certificate);
    if (!good) return Link::none;
    if (*good) return issuer.link = Link::good;
    const bool stranger = means_another(subject, issuer.certificate);
    return issuer.link = stranger ? Link::none : Link::bad_signature;
  }

  // Asked once of each key, however many certificates bear it. nullopt: the budget is spent.
  std::optional<bool> signed_by(const Certificate& subject, const Certificate& signer) {
    const auto [at, inserted] = signatures_.try_emplace({subject.sha256(), key_of(signer)});
    if (!inserted) return at->second;
    if (!spend(signature_cost(subject, signer))) return std::nullopt;
    EVP_PKEY* key = X509_get0_pubkey(signer.native());
    return at->second = key != nullptr && X509_verify(subject.native(), key) == 1;
  }

  const std::string& key_of(const Certificate& certificate) {
    const auto [at, inserted] = keys_.try_emplace(certificate.sha256());
    if (inserted) at->second = sha256_digest(public_key_der(certificate));
    return at->second;
  }

  bool in_path(const Certificate& certificate) const {
    return std::ranges::any_of(path_, [&](const Certificate& one) {
      return one == certificate || same_subject_and_key(one, certificate);
    });
  }

  const Anchor* anchor_of(const Certificate& certificate) const {
    for (const auto& set : sets_)
      if (const Anchor* anchor = set->find(certificate)) return anchor;
    return nullptr;
  }

  // ---- the first round -------------------------------------------------------------------------

  // The bag's certificates from which names lead up to an anchor, however far.
  void mark_hopeful() {
    std::vector<const Certificate*> fresh;
    for (const Certificate& c : bag_) {
      const bool below_anchor =
          std::ranges::any_of(sets_, [&](const auto& set) { return !set->issuers_of(c).empty(); });
      if (below_anchor && hopeful_.insert(c.sha256()).second) fresh.push_back(&c);
    }
    while (!fresh.empty()) {
      const X509_NAME* name = X509_get_subject_name(fresh.back()->native());
      fresh.pop_back();
      for (const Certificate& c : bag_)
        if (same_name(X509_get_issuer_name(c.native()), name) && hopeful_.insert(c.sha256()).second)
          fresh.push_back(&c);
    }
  }

  bool find_clean() {
    const Certificate& leaf = path_.front();
    const Anchor* pinned = anchor_of(leaf);
    if (pinned != nullptr && alone(leaf, Standing::pinned_leaf).empty() && consider(*pinned))
      return true;
    if (!alone(leaf, Standing::leaf).empty()) return false;
    mark_hopeful();
    return hopeful_.contains(leaf.sha256()) && extend_clean();
  }

  bool extend_clean() {
    const Certificate end = path_.back();
    for (Issuer& issuer : issuers_of(end)) {
      if (!issuer.faultless || !spend(1)) continue;
      const bool follow = issuer.anchor != nullptr ||
                          (hopeful_.contains(issuer.certificate.sha256()) &&
                           path_.size() + 1 < kMaxPathDepth && !in_path(issuer.certificate));
      if (!follow || link(end, issuer) != Link::good) continue;
      path_.push_back(issuer.certificate);
      const bool clean = issuer.anchor != nullptr ? consider(*issuer.anchor) : extend_clean();
      path_.pop_back();
      if (clean) return true;
    }
    return false;
  }

  // ---- the second round ------------------------------------------------------------------------

  // Every path that begins with path_; true when a clean one is in best_.
  bool extend() {
    const Certificate end = path_.back();
    if (!spend(1)) return false;
    // A pinned leaf. Anchors above it are met as issuers of what is below them.
    const Anchor* pinned = path_.size() == 1 ? anchor_of(end) : nullptr;
    if (pinned != nullptr && consider(*pinned)) return true;
    bool extended = false, broken = false;
    const bool self_signed = end.self_signed();
    for (Issuer& issuer : issuers_of(end)) {
      if (issuer.anchor == nullptr && (self_signed || in_path(issuer.certificate))) continue;
      const Link found = link(end, issuer);
      broken = broken || found == Link::bad_signature;
      if (found != Link::good) continue;
      extended = true;
      if (follow(issuer)) return true;
    }
    if (self_signed)
      add_dead_end(End::self_signed);
    else if (!extended)
      add_dead_end(broken || (end.self_issued() && !means_another(end, end)) ? End::bad_signature
                                                                             : End::issuer_unknown);
    return false;
  }

  bool follow(const Issuer& issuer) {
    if (issuer.anchor == nullptr && path_.size() + 1 >= kMaxPathDepth) {
      add_dead_end(End::too_long);
      return false;
    }
    path_.push_back(issuer.certificate);
    const bool clean = issuer.anchor != nullptr ? consider(*issuer.anchor) : extend();
    path_.pop_back();
    return clean;
  }

  // Every fault of a path; its last certificate counts as the anchor.
  std::vector<PathFault> faults_of(const std::vector<Certificate>& path) {
    std::vector<PathFault> out = check_together(path, options_, check_budget_);
    for (std::size_t i = 0; i < path.size(); ++i) {
      const bool last = i + 1 == path.size();
      const Standing standing = i == 0 ? (last ? Standing::pinned_leaf : Standing::leaf)
                                       : (last ? Standing::anchor : Standing::intermediate);
      for (PathFault fault : alone(path[i], standing)) {
        const bool known = std::ranges::any_of(
            out, [&](const PathFault& f) { return f.depth == i && f.code == fault.code; });
        fault.depth = i;
        if (!known) out.push_back(std::move(fault));
      }
    }
    sort_faults(out);
    return out;
  }

  // path_ ends in `anchor`. True when it is clean; best_ holds it then, or the better one.
  bool consider(const Anchor& anchor) {
    if (!spend(1)) return false;
    PathResult result;
    result.path = path_;
    result.anchor = anchor;
    result.faults = faults_of(path_);
    if (check_budget_.names == 0 || check_budget_.policies == 0) (void)spend(kPathWorkBudget);
    add_revocation(result);
    result.ok = result.faults.empty();
    // What is wrong counts before what is not known: that may still be asked.
    const auto order = [](const PathResult& r) {
      const auto unknown = std::ranges::count_if(r.faults, is_unknown_revocation);
      return std::tuple(static_cast<std::ptrdiff_t>(r.faults.size()) - unknown, unknown,
                        r.faults.empty() ? 0 : -fault_rank(r.faults.front()), r.path.size(),
                        fingerprint(r.path));
    };
    const bool clean = result.ok;
    if (clean || !best_ || order(result) < order(*best_)) best_ = std::move(result);
    return clean;
  }

  // Who may sign lists for what path[issuer] issued, beside itself: certificates at hand that one
  // of the CAs from there up to the anchor issued, so that the anchor answers for them too (RFC
  // 5280 s6.3.3 (f)).
  std::vector<Certificate> crl_signers(const std::vector<Certificate>& path, std::size_t issuer) {
    std::vector<Certificate> out;
    for (const Certificate& c : bag_) {
      const bool asked = c != path[issuer] &&
                         revocation_.has_crl_of(X509_get_subject_name(c.native())) &&
                         (X509_get_key_usage(c.native()) & KU_CRL_SIGN) != 0 &&
                         alone(c, Standing::crl_signer).empty();
      if (!asked) continue;
      const bool issued = std::any_of(path.begin() + static_cast<std::ptrdiff_t>(issuer),
                                      path.end(), [&](const Certificate& ca) {
                                        return same_name(X509_get_subject_name(ca.native()),
                                                         X509_get_issuer_name(c.native())) &&
                                               signed_by(c, ca).value_or(false);
                                      });
      if (issued) out.push_back(c);
    }
    return out;
  }

  void add_revocation(PathResult& result) {
    for (std::size_t i = 0; i + 1 < result.path.size(); ++i) {
      if (!options_.check_revocation) {
        result.revocation.push_back({.detail = "not asked"});
        continue;
      }
      RevocationStatus status =
          revocation_.status(result.path[i], result.path[i + 1], crl_signers(result.path, i + 1));
      if (status.state == RevocationState::revoked)
        result.faults.push_back({i, "revoked",
                                 describe(result.path[i]) + " was revoked by its issuer at " +
                                     format_rfc3339(status.revoked_at) + " (" + status.source + ")",
                                 X509_V_ERR_CERT_REVOKED});
      else if (status.state == RevocationState::unknown && options_.require_revocation)
        result.faults.push_back(
            {i, status.unsupported ? "unsupported" : "revocation-unreachable",
             "whether " + describe(result.path[i]) + " was revoked is not known: " + status.detail,
             X509_V_ERR_UNABLE_TO_GET_CRL});
      result.revocation.push_back(std::move(status));
    }
    sort_faults(result.faults);
  }

  static auto dead_end_order(const FailedPath& p) {
    return std::tuple(p.end, -static_cast<int>(p.path.size()), std::string_view(p.print));
  }

  void add_dead_end(End end) {
    dead_ends_.emplace_back(path_, end);
    if (dead_ends_.size() <= kMaxDeadEnds) return;
    dead_ends_.erase(std::ranges::max_element(dead_ends_, {}, dead_end_order));
  }

  // No path reaches an anchor: the most telling end with the fewest other faults.
  void report_dead_ends() {
    if (dead_ends_.empty()) dead_ends_.emplace_back(path_, End::issuer_unknown);
    std::ranges::sort(dead_ends_, {}, dead_end_order);
    for (const FailedPath& failed : dead_ends_) {
      if (best_ && failed.end != dead_ends_.front().end) break;
      PathResult result;
      result.path = failed.path;
      result.faults = faults_of(failed.path);
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
  std::map<std::string, std::vector<Issuer>> issuers_;  // by the subject's fingerprint
  std::map<std::pair<std::string, Standing>, std::vector<PathFault>> alone_;  // by fingerprint
  std::map<std::string, std::string> keys_;  // their digests, by fingerprint of the certificate
  // By subject and key; nullopt: the budget was spent.
  std::map<std::pair<std::string, std::string>, std::optional<bool>> signatures_;
  std::set<std::string> hopeful_;  // fingerprints
  std::vector<FailedPath> dead_ends_;
  std::optional<PathResult> best_;  // the best path with an anchor, or the report
  std::size_t work_ = 0;
  CheckBudget check_budget_;
  std::string limit_;  // why the search was given up; empty: it was not
};

}  // namespace

PathResult find_path(const std::vector<Certificate>& presented, const TrustSets& sets,
                     const RevocationView& data, const PathOptions& options) {
  if (presented.empty()) {
    PathResult none;
    none.faults.push_back({0, "incomplete-chain", "no certificate was presented", 0});
    return none;
  }
  static const RevocationView kNoData;
  PathResult result =
      Search(presented, sets, options.check_revocation ? data : kNoData, options).run();
  (void)take_openssl_error();
  return result;
}

}  // namespace postern::x509
