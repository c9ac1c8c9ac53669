// MTA-STS of a domain as check and preflight look at it: the TXT record, the policy that its host
// serves, and what a sender that enforces it asks of an MX host. Source: RFC 8461.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "dns/resolver.h"
#include "fetch/fetcher.h"
#include "io/awaitable.h"
#include "verdict/evidence.h"
#include "verdict/mta_sts.h"
#include "verdict/tls_policy.h"

namespace postern::probe {

struct StsFacts {
  verdict::DnsEvidence::Status status = verdict::DnsEvidence::Status::not_asked;  // of the record
  std::string id;               // of the TXT record; empty: none is published
  std::string problem;          // of the record, or of fetching the policy, in words
  std::string problem_at = {};  // the name that has it: "_mta-sts.contoso.com"
  std::optional<verdict::StsPolicy> policy = {};
};

// "https://mta-sts.contoso.com/.well-known/mta-sts.txt" (s3.3).
[[nodiscard]] std::string sts_policy_url(const std::string& domain);

// The policy's text is asked for only where a record announces it (s3.1). Never fails: what could
// not be had stands in `problem`. `resolver` and `fetcher` outlive the await; no fetcher: the
// record alone.
[[nodiscard]] io::Task<StsFacts> look_up_sts(dns::Resolver& resolver, fetch::Fetcher* fetcher,
                                             std::string domain, Duration fetch_limit);

// What senders with MTA-STS ask of an MX host: TLS 1.2, a path to `trust`, its own name as
// DNS-ID.
[[nodiscard]] verdict::TlsPolicy sts_sender_policy(const std::string& host, x509::TrustSets trust);

}  // namespace postern::probe
