// look -> judge -> fetch what the verdict wants -> judge again: the one bounded loop around judge.
// Attempts, blocker probes, reception and check all judge through it, so none of them can know less
// than another.
#pragma once

#include "fetch/fetcher.h"
#include "io/awaitable.h"
#include "io/executor.h"
#include "verdict/evidence.h"
#include "verdict/tls_policy.h"
#include "verdict/verdict.h"

namespace postern::observe {

// Rounds of fetching: a responder, a second one, a CRL, and one more.
constexpr int kMaxFetchRounds = 4;
// All rounds together: this long a delivery waits at most for answers about revocation. What comes
// later is in the cache when the next session asks.
constexpr Duration kFetchTimeLimit{10'000};
// One round, so that a responder that says nothing leaves time for the CRL.
constexpr Duration kFetchRoundLimit{4'000};
// With more octets of CRLs than this a judgement takes long enough to be made off the loop.
constexpr std::size_t kMaxOctetsJudgedOnLoop = 256 * 1024;

struct Judging {
  fetch::Fetcher* fetcher = nullptr;  // nullptr: nothing is fetched
  io::Runtime* runtime = nullptr;     // its pool judges what is large; nullptr: this loop does
  const Clock* clock = nullptr;
  bool fetch_issuers = false;        // AIA too, for counter-tests; the verdict is the same without
  Duration limit = kFetchTimeLimit;  // of all rounds together, where less time is left
};

// judge(evidence, policy, now), and again with what it wanted, until it wants nothing more that was
// not tried, or the rounds or the time are over. `evidence` grows by what was fetched; it and
// `policy` outlive the await. Never fails: what could not be had is in the Evidence and the verdict
// says so.
[[nodiscard]] io::Task<verdict::Verdict> judge_and_fetch(Judging judging,
                                                         verdict::Evidence& evidence,
                                                         const verdict::TlsPolicy& policy);

}  // namespace postern::observe
