// Whether the new certificate is revoked, and whether those who ask can find out: its OCSP
// responders and CRLs are asked as a counterpart that insists on an answer would.
#pragma once

#include <vector>

#include "base/clock.h"
#include "fetch/fetcher.h"
#include "io/awaitable.h"
#include "verdict/fetched.h"
#include "x509/trust.h"

namespace postern::probe {

constexpr std::size_t kMaxListsAsked = 8;
constexpr Duration kListLimit{8'000};

// Every CRL of the chain is asked for, even where OCSP has answered: Exchange Online wants the CRL.
// A chain that leads to none of `public_roots` is asked about up to its own last certificate.
// `fetcher` and `clock` outlive the await. Never fails: what failed is in `fetches`.
[[nodiscard]] io::Task<verdict::FetchedEvidence> ask_revocation(
    fetch::Fetcher& fetcher, const Clock& clock, std::vector<x509::Certificate> chain,
    x509::TrustSets public_roots);

}  // namespace postern::probe
