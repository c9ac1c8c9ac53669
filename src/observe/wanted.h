// Which of the facts that a verdict wants are fetched next, and how their answers become evidence.
// Pure: the loop that uses it is in judgement.cc.
#pragma once

#include <vector>

#include "fetch/fetcher.h"
#include "verdict/evidence.h"
#include "verdict/verdict.h"

namespace postern::observe {

constexpr std::size_t kMaxFetchesPerRound = 8;

// The next round: for each certificate the first want that was not tried yet. So an OCSP answer
// saves the CRL, and the certificates of a chain are asked about at the same time. `with_issuers`
// false: nothing of kind `aia`. Each URL once, but OCSP, where the answers differ.
[[nodiscard]] std::vector<verdict::Want> next_wants(const std::vector<verdict::Want>& wants,
                                                    const verdict::FetchedEvidence& fetched,
                                                    bool with_issuers);

[[nodiscard]] fetch::Request request_of(const verdict::Want& want);

// Records the try of `want`, and what came of it.
void add_answer(verdict::FetchedEvidence& fetched, const verdict::Want& want,
                const fetch::Answer& answer);

// Of `tried`, what came and left the state of its certificate unknown: `still` wants it.
[[nodiscard]] std::vector<verdict::Want> settled_nothing(const std::vector<verdict::Want>& tried,
                                                         const std::vector<fetch::Answer>& answers,
                                                         const std::vector<verdict::Want>& still);

}  // namespace postern::observe
