// Which certificate Exchange presents, by its own rules, with a reason for each candidate. Beside
// selection.h, which has Postern's: Exchange's has the traps that make incidents. Two documented
// readings disagree, so both are simulated. Pure.
// Sources: "Selection of inbound STARTTLS certificates" (2025 text): of the certificates that bear
// the name, the newest Valid from, CA-issued before self-signed, and one that is not enabled for
// SMTP is still chosen. "TLS certificates in Exchange hybrid: common issues" (2025): of several
// with one issuer and subject the newest expiry, and the binding to SMTP is not looked at.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "policy/selection.h"

namespace postern::policy {

enum class ExchangeReading { newest_start, newest_expiry };
[[nodiscard]] std::string_view to_string(ExchangeReading reading);

// A certificate of the local machine's Personal store, as far as it is known. What is not known
// counts as good: selection is not refused for want of a fact.
struct StoredCertificate {
  std::string label;  // for people: thumbprint, or "the new certificate"
  std::string thumbprint, subject, issuer;
  std::vector<std::string> names;  // CertificateDomains
  bool names_complete = true;
  std::optional<Time> not_before, not_after;
  std::optional<bool> private_key, smtp, self_signed;
  bool valid = true;  // false: Status is Revoked, Invalid or Untrusted
};

// What a connector looks for.
struct ExchangeWanted {
  std::string tls_certificate_name;  // "<I>…<S>…"; empty: by name
  std::string fqdn;                  // of the connector, else of the server
  std::string whose;                 // "receive connector EX01\\Default Frontend EX01"
};

// `index` is into the store. code: "none", "tlscertificatename-stale",
// "certificate-missing-for-fqdn", "private-key-inaccessible", "certificate-not-bound" (chosen, and
// TLS will fail), "expired", "not-yet-valid", "tls-policy-misconfigured" (no <I>…<S>…).
[[nodiscard]] Selection select_exchange_certificate(const ExchangeWanted& wanted,
                                                    const std::vector<StoredCertificate>& store,
                                                    ExchangeReading reading, Time now);

// Is `name` borne, in CertificateDomains (wildcards for one label) or as the subject's CN?
// nullopt: not among those that the export shows, and it does not show all.
[[nodiscard]] std::optional<bool> stored_certificate_bears(const StoredCertificate& certificate,
                                                           std::string_view name);

}  // namespace postern::policy
