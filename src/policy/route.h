// From a recipient's domain to where and how: the route, and the TlsPolicy of one attempt. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/config.h"
#include "policy/selection.h"
#include "verdict/tls_policy.h"

namespace postern::policy {

// What a queue entry waits for, and the identity of a blocker: (next hop, connector, policy).
struct Destination {
  std::string next_hop;   // the recipient domain where MX decides, else "host:port[,host:port...]",
                          // or "drop:/path"
  std::string connector;  // send connector's name
  std::string policy;     // "connector" or "partner:NAME": who sets the TLS policy
  std::string domain;     // the recipient domain the policy speaks of where there is no tls_domain;
                          // empty: not needed
  [[nodiscard]] std::string key() const;  // stored and compared: "connector|next_hop|policy|domain"
  [[nodiscard]] static std::optional<Destination> parse(std::string_view key);
  auto operator<=>(const Destination&) const = default;
};

// The send connector by the most specific pattern (ties: the first in the file), and the partner
// whose domains match. Errors: invalid "no send connector for domain X: add [send.NAME] domains =
// [...]".
// `send_via`: a receive connector's, which then decides alone; empty: by domain.
[[nodiscard]] Result<Destination> route(const Config& config, std::string_view recipient_domain,
                                        std::string_view send_via = {});
// Where mail that waits for `old` goes under `config`: by domain, but by the same connector where a
// receive connector's send_via chose it. Nowhere: `old` as it is.
[[nodiscard]] Destination route_again(const Config& config, std::string_view recipient_domain,
                                      const Destination& old);

// The trust sets a list of names means, loaded. Missing names are skipped (config check refuses
// them).
struct LoadedTrust {
  x509::TrustSets sets;  // all that are known, by name()
  std::vector<std::pair<std::string, std::vector<std::string>>> crls;  // set name -> CRLs (DER)
  [[nodiscard]] x509::TrustSets pick(const std::vector<std::string>& names) const;
  [[nodiscard]] x509::TrustSets others(const std::vector<std::string>& names) const;
  [[nodiscard]] std::vector<std::string> crls_of(const std::vector<std::string>& names) const;
};

// The trust sets that count towards `destination`: the partner's, else the connector's.
[[nodiscard]] std::vector<std::string> send_trust(const Config& config,
                                                  const Destination& destination);

// The policy of an attempt to `destination`, or of a client on a receive connector. `certificates`:
// those loaded now. The partner's settings come over the connector's; an exception that has lapsed
// at `now` is left out.
[[nodiscard]] verdict::TlsPolicy send_policy(const Config& config, const Destination& destination,
                                             const LoadedTrust& trust,
                                             const CertificateStore& certificates, Time now);
// `partner`: nullptr for the connector's own mutual mode (names are client_domains).
[[nodiscard]] verdict::TlsPolicy receive_policy(const Config& config,
                                                const ReceiveConnector& connector,
                                                const Partner* partner, const LoadedTrust& trust,
                                                Time now);
// What a client on `connector` must satisfy to count as authenticated by `client_domains`, whatever
// the connector's own mode: for relay_for_clients and keep_organization_headers where internet mail
// and such clients share one connector. Level mutual.
[[nodiscard]] verdict::TlsPolicy client_policy(const ReceiveConnector& connector,
                                               const LoadedTrust& trust);
// The partner whose domains hold this sender domain and who sets `receive`; nullptr: none.
[[nodiscard]] const Partner* receive_partner(const Config& config, std::string_view sender_domain);

}  // namespace postern::policy
