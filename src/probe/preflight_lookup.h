// What the DNS publishes of our mail domains, for preflight: MX hosts, their TLSA records, and
// the MTA-STS policy.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/resolver.h"
#include "fetch/fetcher.h"
#include "io/awaitable.h"
#include "probe/preflight.h"

namespace postern::probe {

constexpr std::size_t kMaxLookupDomains = 20;
constexpr std::size_t kMaxLookupHosts = 20;  // of one domain
constexpr Duration kLookupLimit{30'000};     // all of it; then the rest is said to be missing
constexpr Duration kPolicyLimit{8'000};      // one MTA-STS policy

// Never fails: what could not be had stands in `problems`. No fetcher: no policy is asked
// for. All three outlive the await.
[[nodiscard]] io::Task<std::vector<Published>> look_up_published(dns::Resolver& resolver,
                                                                 fetch::Fetcher* fetcher,
                                                                 const Clock& clock,
                                                                 std::vector<std::string> domains);

}  // namespace postern::probe
