// One case before the judge: what was seen, what was asked, and what the rules have found so far.
// Private to this module.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verdict/evidence.h"
#include "verdict/tls_policy.h"
#include "verdict/verdict.h"
#include "x509/certificate.h"
#include "x509/names.h"
#include "x509/path.h"

namespace postern::verdict {

// Words for the braces of the catalog's cures: {"peer", "mx1.partner.example"}.
using Facts = std::vector<std::pair<std::string_view, std::string>>;

// Something that forbids the mail to flow under the policy.
struct Finding {
  std::string code;
  Fault fault = Fault::unknown;
  Certainty certainty = Certainty::certain;
  std::string cause;                  // this case's sentences
  std::vector<std::string> evidence;  // raw facts that decided
  Facts facts;                        // over and above those of the case
  // The session could carry mail all the same, so a recorded exception can let it.
  bool excusable = false;
};

// What `verify` may ask of a chain over and above a TlsPolicy; by itself nothing.
struct ChainRules {
  // Its purpose, time and revocation come from evidence and policy.
  x509::PathOptions path = {};
  std::vector<x509::ReferenceName> names = {};  // beside the policy's reference identifiers
};

class Case {
 public:
  Case(const Evidence& e, const TlsPolicy& p, const ChainRules& r, Time t)
      : evidence(e), policy(p), rules(r), now(t) {}

  const Evidence& evidence;
  const TlsPolicy& policy;
  const ChainRules& rules;
  const Time now;
  Verdict verdict;
  std::vector<Finding> findings;
  Facts facts;
  x509::PathResult path;  // of the chain, where one was presented
  // What the certificate rules learnt, for the assurance reached.
  bool chain_ok = false;
  bool name_ok = false;
  bool ours_presented = false;  // mutual: our certificate was asked for and given

  [[nodiscard]] bool sending() const { return evidence.judged == Judged::server; }
  [[nodiscard]] bool at_least(Level level) const { return policy.level >= level; }
  [[nodiscard]] Fault peer_fault() const { return sending() ? Fault::server : Fault::client; }
  [[nodiscard]] Fault our_fault() const { return sending() ? Fault::client : Fault::server; }
  // "mx1.partner.example [192.0.2.1]:25"; "the client relay.example [192.0.2.9]".
  [[nodiscard]] std::string peer() const;
  // A finding with the catalog's usual fault, mirrored where a client is judged.
  [[nodiscard]] Finding finding(std::string_view code, std::string cause) const;

  void pass(std::string_view check, std::string detail);
  void not_asked(std::string_view check, std::string detail);
  void unknown(std::string_view check, std::string_view code, std::string detail);
  // The check failed. Where the policy does not require it, it is shown and decides nothing.
  void fail(std::string_view check, Finding found, bool required);
};

// judge, for who asks more of the chain and wants to see the path.
struct Judgement {
  Verdict verdict;
  x509::PathResult path;
};
[[nodiscard]] Judgement judge_chain(const Evidence& evidence, const TlsPolicy& policy,
                                    const ChainRules& rules, Time now);

// A peer's words, fit for one line of a verdict.
[[nodiscard]] std::string quoted(std::string_view octets);
[[nodiscard]] std::string reply_line(std::string_view what,
                                     const std::optional<mail::Reply>& reply);
// "mail.a.example, b.example and 12 more".
[[nodiscard]] std::string listed(const std::vector<std::string>& names);
[[nodiscard]] std::string wanted_names(const TlsPolicy& policy);         // "a.example, b.example"
[[nodiscard]] std::string trust_set_names(const x509::TrustSets& sets);  // "system, partners"
[[nodiscard]] std::string day(Time t);  // "2026-11-21 02:20:00Z", for sentences
// "presented leaf: CN=…, SAN=…, SHA256=…".
[[nodiscard]] std::string certificate_line(std::string_view what,
                                           const x509::Certificate& certificate);
// The cure of the finding, its braces filled.
[[nodiscard]] std::vector<std::string> cure_for(const Case& c, const Finding& found);

// The rules, in the order in which judge applies them.
void judge_reachability(Case& c);     // DNS, connect, greeting, EHLO; sending only
void judge_starttls(Case& c);         // was TLS offered, demanded, begun
void judge_handshake(Case& c);        // did it complete, and did it last; which version
void judge_own_certificate(Case& c);  // could ours be presented, was it asked for
void judge_certificate(Case& c);      // chain, validity, strength, revocation, identity

}  // namespace postern::verdict
