// Counter-tests: what else to look at where a look failed, and what that says. Pure. Only what can
// separate the candidates of the failing code is asked.
#pragma once

#include <vector>

#include "probe/check_report.h"
#include "x509/trust.h"

namespace postern::probe {

// The views that can tell the candidates of this host's failing code apart; none for a clean host.
[[nodiscard]] std::vector<View> separating_views(const HostReport& host);

// Facts that are not in the report: who we are, and which names mean something to us.
struct CounterFacts {
  x509::TrustSets every_set;  // known here, whatever counts
  // Names with what they are: {"mail.fabrikam.com", "tls_domain of send connector cloud"}.
  std::vector<std::pair<std::string, std::string>> known_names;
  Time now{};
};

// The counter-tests of host `index`, from its views, the other hosts, trust sets and names.
[[nodiscard]] std::vector<CounterTest> counter_tests(const CheckReport& report, std::size_t index,
                                                     const CounterFacts& facts);

}  // namespace postern::probe
