// What the DNS publishes of our mail domains, for preflight: MX hosts, their TLSA records, and
// whether an MTA-STS policy is announced.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/resolver.h"
#include "io/awaitable.h"
#include "probe/preflight.h"

namespace postern::probe {

constexpr std::size_t kMaxLookupDomains = 20;
constexpr std::size_t kMaxLookupHosts = 20;  // of one domain
constexpr Duration kLookupLimit{30'000};     // all of it; then the rest is said to be missing

// Never fails: what could not be had stands in `problems`. `resolver` and `clock` outlive the
// await.
[[nodiscard]] io::Task<std::vector<Published>> look_up_published(dns::Resolver& resolver,
                                                                 const Clock& clock,
                                                                 std::vector<std::string> domains);

}  // namespace postern::probe
