// The rules, in order. Each adds its checks; what the level requires and fails becomes a finding.
//   1 reachability     DNS, connect, greeting, EHLO (sending). A failure ends the judgement here.
//   2 STARTTLS         offered, masked, refused; demanded by a peer whom we met in clear text.
//   3 own certificate  a configured one that cannot be used; mutual: asked for and given. Before
//                      the handshake, which its absence may have broken.
//   4 handshake        why it failed; what came right after it; the version.
//   5 certificate      chain, dates, strength, use, revocation, name.
// Then an exception takes away the findings of the code it accepts, on a session that could carry
// mail; of those left the most basic one (kPrecedence) is the primary code. No finding: the mail
// may flow.
#include "verdict/judge.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "verdict/catalog.h"
#include "verdict/judge_case.h"
#include "x509/names.h"

namespace postern::verdict {
namespace {

// Which of several findings an administrator should cure first. Codes that are not here come from
// the session, of which there is only one at a time, and stand before all of these. Revoked before
// expired (the key may be in other hands), dates before trust (a renewal often cures both), trust
// before the name (whose name is it, when anybody may have signed it).
constexpr std::array<std::string_view, 20> kPrecedence{"revoked",
                                                       "expired",
                                                       "not-yet-valid",
                                                       "weak-key-or-hash",
                                                       "bad-signature",
                                                       "malformed-certificate",
                                                       "chain-constraint",
                                                       "limit",
                                                       "root-in-wrong-store",
                                                       "self-signed",
                                                       "incomplete-chain",
                                                       "untrusted-root",
                                                       "wrong-key-usage",
                                                       "certificate-not-bound",
                                                       "name-mismatch",
                                                       "tls-policy-misconfigured",
                                                       "revocation-unreachable",
                                                       "client-certificate-not-requested",
                                                       "handshake-failed",
                                                       "connection-lost"};

std::size_t rank(const Finding& found) {
  const auto at = std::ranges::find(kPrecedence, found.code);
  return at == kPrecedence.end() ? 0 : static_cast<std::size_t>(at - kPrecedence.begin()) + 1;
}

void describe(Case& c) {
  const Evidence& e = c.evidence;
  Verdict& v = c.verdict;
  v.asked = c.policy.level;
  v.asked_by = c.policy.set_by;
  v.reference_identifier = wanted_names(c.policy);
  v.tls_version = e.tls.version;
  v.cipher = e.tls.cipher;
  v.host = e.host;
  v.address = e.address;
  v.time = c.now;
  for (const x509::Certificate& certificate : e.tls.presented) {
    v.chain_sha256.push_back(certificate.sha256());
  }
  c.facts = {
      {"peer", quoted(e.host.empty() ? e.address : e.host)},
      {"port", e.port == 0 ? "" : std::to_string(e.port)},
      {"wanted", v.reference_identifier.empty() ? e.host : v.reference_identifier},
      {"presented",
       e.tls.presented.empty() ? "" : listed(x509::presented_names(e.tls.presented.front()))},
      {"sets", trust_set_names(c.policy.trust)},
      {"own", quoted(c.policy.own_certificate)},
      {"who", c.policy.set_by}};
}

// Whatever the rules have missed: above `opportunistic` nothing goes without TLS.
void judge_incomplete(Case& c) {
  if (!c.findings.empty() || !c.at_least(Level::encrypt) || c.evidence.tls.completed) return;
  const bool begun = c.evidence.tls.attempted;
  Finding found = c.finding(begun ? "handshake-failed" : "connection-lost",
                            "The session with " + c.peer() + " came only to the stage " +
                                std::string(to_string(c.evidence.stage)) + ", without TLS.");
  found.certainty = Certainty::possible;
  found.evidence = {"last stage: " + std::string(to_string(c.evidence.stage))};
  c.fail("session", std::move(found), true);
}

Assurance reached(const Case& c) {
  const TlsEvidence& tls = c.evidence.tls;
  if (!tls.completed) return Assurance::none;
  if (!c.chain_ok) return Assurance::encrypted;
  if (!c.name_ok) return Assurance::validated;
  // A client's certificate that we authenticated: both sides are, for it saw ours in the handshake.
  if (!c.sending()) return Assurance::mutual;
  const bool seen = tls.confirmed || tls.version != "TLSv1.3";
  return c.ours_presented && seen ? Assurance::mutual : Assurance::authenticated;
}

bool exception_holds(const Case& c) {
  return c.policy.exception && c.now < c.policy.exception->until;
}

std::optional<bool> is_ours(const Case& c, Fault fault) {
  if (fault == c.our_fault()) return true;
  if (fault == c.peer_fault()) return false;
  return std::nullopt;
}

void state(Case& c, const Finding& found) {
  Verdict& v = c.verdict;
  v.code = found.code;
  v.fault = found.fault;
  v.ours = is_ours(c, found.fault);
  v.certainty = found.certainty;
  v.cause = found.cause;
  v.cure = cure_for(c, found);
  v.evidence = found.evidence;
}

// The most basic finding that `counts`; nullptr: none. Of several alike the first found.
template <class Predicate>
const Finding* most_basic(const Case& c, Predicate counts) {
  const Finding* best = nullptr;
  for (const Finding& found : c.findings) {
    if (counts(found) && (best == nullptr || rank(found) < rank(*best))) best = &found;
  }
  return best;
}

void conclude(Case& c) {
  const auto accepted = [&](const Finding& found) {
    return exception_holds(c) && found.excusable && found.code == c.policy.exception->accept;
  };
  const Finding* const deciding =
      most_basic(c, [&](const Finding& found) { return !accepted(found); });
  Verdict& v = c.verdict;
  v.ok = deciding == nullptr;
  if (deciding != nullptr) {
    state(c, *deciding);
  } else if (const Finding* const excused = most_basic(c, accepted)) {
    state(c, *excused);
    v.by_exception = v.code;
    v.cause += " Let pass until " + day(c.policy.exception->until) + " by the exception of " +
               quoted(c.policy.exception->by) + " (" + quoted(c.policy.exception->why) + ").";
  }
  v.layer = catalog_entry(v.code).layer;
}

}  // namespace

Judgement judge_chain(const Evidence& evidence, const TlsPolicy& policy, const ChainRules& rules,
                      Time now) {
  Case c(evidence, policy, rules, now);
  describe(c);
  // Asked before anything was looked at, only our own side can be judged.
  const bool unseen = evidence.stage == Stage::dns && evidence.stop == Stop::none;
  if (unseen) judge_own_certificate(c);
  judge_reachability(c);
  if (c.findings.empty()) {
    judge_starttls(c);
    judge_own_certificate(c);
    judge_handshake(c);
    judge_certificate(c);
  }
  judge_incomplete(c);
  c.verdict.reached = reached(c);
  conclude(c);
  return {std::move(c.verdict), std::move(c.path)};
}

Verdict judge(const Evidence& evidence, const TlsPolicy& policy, Time now) {
  return judge_chain(evidence, policy, {}, now).verdict;
}

std::vector<std::string> cure_steps(std::string_view code, const Evidence& evidence,
                                    const TlsPolicy& policy, Time now) {
  const ChainRules no_rules;
  Case c(evidence, policy, no_rules, now);
  describe(c);
  return cure_for(c, c.finding(code, {}));
}

std::size_t decisive(const std::vector<Verdict>& verdicts, const std::vector<Evidence>& evidence) {
  const auto clean = std::ranges::find(verdicts, true, &Verdict::ok);
  if (clean != verdicts.end()) return static_cast<std::size_t>(clean - verdicts.begin());
  std::size_t best = 0;
  const std::size_t count = std::min(verdicts.size(), evidence.size());
  for (std::size_t i = 1; i < count; ++i) {
    if (evidence[i].stage > evidence[best].stage) best = i;
  }
  return best;
}

}  // namespace postern::verdict
