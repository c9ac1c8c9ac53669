// Refusals that no transaction says plainly: what EHLO rules out beforehand, and TLS demands that
// come late. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "relay/next_hop.h"
#include "relay/outcome.h"
#include "smtp/client_session.h"
#include "store/store.h"

namespace postern::relay {

// What the host's EHLO rules out before a word is said (RFC 1870 s6.1, RFC 6531 s3.6): an outcome
// for each recipient; nullopt: nothing.
[[nodiscard]] std::optional<std::vector<Outcome>> refused_by_ehlo(
    const smtp::Capabilities& capabilities, const std::string& host,
    const store::StoredMessage& message);

// A look that ended clean, judged again with what the peer said later.
struct LateRefusal {
  verdict::Evidence evidence;
  verdict::Verdict verdict;
};

// A look may end clean and the peer still say in the transaction that TLS or our certificate is not
// to his liking: demands on MAIL, certificates judged late. The look is judged again with those
// words, so that blocker, trace and DSN tell the same cause under one verdict. nullopt: nothing
// stands in the way of the session; words that sound so and mean something else became ordinary
// refusals.
[[nodiscard]] std::optional<LateRefusal> judge_late_refusal(const NextHopLook& look,
                                                            std::vector<Outcome>& outcomes,
                                                            Time now);

// Where the path is known to work for other mail: what is blocked waits alone, with its code.
void set_apart(std::vector<Outcome>& outcomes);

}  // namespace postern::relay
