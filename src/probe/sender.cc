#include "probe/sender.h"

#include <algorithm>
#include <array>

namespace postern::probe {
namespace {

using verdict::Level;
using verdict::ReferenceIdentifier;
using verdict::Revocation;
using verdict::TlsPolicy;

struct Kind {
  SenderKind kind;
  std::string_view name;
  std::string_view asks;
};
constexpr std::array<Kind, kSenderKinds> kKinds{{
    {SenderKind::postern, "postern",
     "Postern by its own policy for this domain; DANE and MTA-STS are reported, not yet enforced"},
    {SenderKind::exchange_online, "exchange-online",
     "Exchange Online with TlsDomain: TLS, a certificate of a trusted CA that bears the name, "
     "revocation reachable"},
    {SenderKind::exchange_domain_security, "exchange-domain-security",
     "Exchange with domain security: mutual TLS, the domain's name, revocation reachable"},
    {SenderKind::postfix_verify, "postfix-verify",
     "Postfix at level verify: a trusted certificate that bears the MX host's name"},
    {SenderKind::postfix_secure, "postfix-secure",
     "Postfix at level secure: a trusted certificate that bears the domain's name"},
    {SenderKind::opportunistic, "opportunistic",
     "a sender that uses TLS where it is offered, whatever the certificate, else clear text"},
}};

std::vector<ReferenceIdentifier> given_names(const SenderFacts& facts) {
  std::vector<ReferenceIdentifier> out;
  for (const std::string& name : facts.names) out.push_back({name, "--name"});
  return out;
}

std::vector<ReferenceIdentifier> names_or(const SenderFacts& facts,
                                          std::vector<ReferenceIdentifier> otherwise) {
  return facts.names.empty() ? std::move(otherwise) : given_names(facts);
}

void present_certificate(TlsPolicy& policy, const SenderFacts& facts) {
  if (facts.client_certificate.empty()) return;
  policy.own_certificate = facts.client_certificate;
  policy.level = Level::mutual;
}

// A connector of defaults; what the command line names, it asks for.
TlsPolicy postern_default(const SenderFacts& facts, TlsPolicy policy) {
  policy.set_by = "Postern's defaults";
  policy.reference = names_or(facts, {{facts.domain, "recipient domain"}});
  policy.level = facts.names.empty() ? Level::opportunistic : Level::authenticate;
  if (!facts.names.empty() || !facts.client_certificate.empty()) return policy;
  policy.reference.clear();
  return policy;
}

TlsPolicy configured(const SenderFacts& facts) {
  TlsPolicy policy = *facts.own;
  if (!facts.names.empty()) {
    policy.reference = given_names(facts);
    policy.level = std::max(policy.level, Level::authenticate);
  }
  return policy;
}

// Exchange compares the certificate with TlsDomain, or with the recipient's domain where none is
// set; subject and SAN both count. TlsAuthLevel DomainValidation includes CRL checks.
void as_exchange(TlsPolicy& policy, const SenderFacts& facts, std::string_view origin) {
  policy.level = Level::authenticate;
  policy.reference = names_or(facts, {{facts.domain, std::string(origin)}});
  policy.revocation = Revocation::required;
  policy.legacy_cn = true;
}

// Postfix asks for no revocation, and for the subject CN where there is no SAN dNSName.
void as_postfix(TlsPolicy& policy) {
  policy.level = Level::authenticate;
  policy.revocation = Revocation::off;
  policy.legacy_cn = true;
}

}  // namespace

std::string_view to_string(SenderKind kind) {
  return std::ranges::find(kKinds, kind, &Kind::kind)->name;
}

std::string_view describe(SenderKind kind) {
  return std::ranges::find(kKinds, kind, &Kind::kind)->asks;
}

std::optional<SenderKind> parse_sender_kind(std::string_view text) {
  const auto found = std::ranges::find(kKinds, text, &Kind::name);
  return found == kKinds.end() ? std::nullopt : std::optional(found->kind);
}

const std::vector<SenderKind>& all_sender_kinds() {
  static const std::vector<SenderKind> kinds = [] {
    std::vector<SenderKind> out;
    for (const Kind& kind : kKinds) out.push_back(kind.kind);
    return out;
  }();
  return kinds;
}

TlsPolicy sender_policy(SenderKind kind, const SenderFacts& facts, const std::string& host) {
  if (kind == SenderKind::postern && facts.own) return configured(facts);
  TlsPolicy policy;
  policy.trust = facts.trust;
  policy.other_sets = facts.other_sets;
  policy.set_by = std::string(to_string(kind));
  switch (kind) {
    case SenderKind::postern:
      policy = postern_default(facts, std::move(policy));
      break;
    case SenderKind::exchange_online:
      as_exchange(policy, facts, "recipient domain, for want of a TlsDomain");
      break;
    case SenderKind::exchange_domain_security:
      as_exchange(policy, facts, "domain of TLSSendDomainSecureList");
      break;
    case SenderKind::postfix_verify:
      as_postfix(policy);
      policy.reference = names_or(facts, {{host, "MX host"}});
      break;
    case SenderKind::postfix_secure:
      // nexthop, dot-nexthop; the second matches deeper names in Postfix than it does here.
      as_postfix(policy);
      policy.reference = names_or(facts, {{facts.domain, "next-hop domain"},
                                          {"*." + facts.domain, "below the next-hop domain"}});
      break;
    case SenderKind::opportunistic:
      policy.level = Level::opportunistic;
      policy.reference = given_names(facts);
      return policy;  // presents what is asked for, and insists on nothing
  }
  present_certificate(policy, facts);
  return policy;
}

}  // namespace postern::probe
