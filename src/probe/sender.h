// The kinds of sender that `check` judges as: what each asks of a server, as a TlsPolicy. Pure.
// Sources: Set-SendConnector and Set-OutboundConnector (TlsAuthLevel, TlsDomain), "Domain security"
// (Exchange documentation); smtp_tls_security_level, smtp_tls_verify_cert_match and
// smtp_tls_secure_cert_match (Postfix documentation).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/route.h"
#include "verdict/tls_policy.h"

namespace postern::probe {

enum class SenderKind {
  postern,                   // our own policy for the domain
  exchange_online,           // a connector with TlsDomain: public CA, CRL reachable
  exchange_domain_security,  // mutual TLS by TLSSendDomainSecureList
  postfix_verify,            // the MX host's name
  postfix_secure,            // the next-hop domain's name, or one below it
  opportunistic,             // TLS where it is offered, whatever the certificate
};
inline constexpr std::size_t kSenderKinds = 6;
[[nodiscard]] std::string_view to_string(SenderKind kind);  // "exchange-online"
[[nodiscard]] std::optional<SenderKind> parse_sender_kind(std::string_view text);
[[nodiscard]] const std::vector<SenderKind>& all_sender_kinds();
// One sentence: what this sender asks.
[[nodiscard]] std::string_view describe(SenderKind kind);

// What a sender's policy is made of, besides its kind.
struct SenderFacts {
  std::string domain;                     // the recipient domain, or the host that was named
  std::vector<std::string> names;         // --name: in place of what the kind would ask for
  x509::TrustSets trust;                  // what counts
  x509::TrustSets other_sets;             // known, and not counting
  std::string client_certificate;         // name of the one to present; empty: none
  std::optional<verdict::TlsPolicy> own;  // postern: the configuration's policy for the domain
};

// The policy towards one host of the target.
[[nodiscard]] verdict::TlsPolicy sender_policy(SenderKind kind, const SenderFacts& facts,
                                               const std::string& host);

}  // namespace postern::probe
