// judge: Evidence x TlsPolicy x now -> Verdict. Pure: no socket, no clock, no file. Every part of
// Postern that says whether a peer may be trusted ends here. The rules, in order, are in judge.cc's
// head; docs/judging.md explains them to administrators.
#pragma once

#include "verdict/evidence.h"
#include "verdict/tls_policy.h"
#include "verdict/verdict.h"

namespace postern::verdict {

// The verdict has no id; who stores it gives one.
[[nodiscard]] Verdict judge(const Evidence& evidence, const TlsPolicy& policy, Time now);

// The steps that cure `code` in this case, whatever it was judged: for who knows more than one
// Evidence says.
[[nodiscard]] std::vector<std::string> cure_steps(std::string_view code, const Evidence& evidence,
                                                  const TlsPolicy& policy, Time now);

// Sending with several hosts: the one verdict of the next hop. The first clean one; else the one
// whose session came furthest (ties: the first). Empty list: dns-resolution-failure is the caller's
// to make. Result: index.
[[nodiscard]] std::size_t decisive(const std::vector<Verdict>& verdicts,
                                   const std::vector<Evidence>& evidence);

}  // namespace postern::verdict
