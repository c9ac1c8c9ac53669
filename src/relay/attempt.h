// The decisions of a sending session, without the session: what a message's transaction says, how
// long a reply may take, and what follows from what it came to. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/config.h"
#include "relay/outcome.h"
#include "smtp/client_session.h"
#include "store/store.h"

namespace postern::relay {

constexpr std::size_t kMaxRecipientsPerTransaction = 100;  // RFC 5321 s4.5.3.1.8

// Deadlines of RFC 5321 s4.5.3.2 by what is awaited.
[[nodiscard]] Duration reply_deadline(const policy::Timeouts& timeouts, smtp::ClientWait wait);

// The message as one transaction; `size`: of its body.
[[nodiscard]] smtp::Transaction transaction_of(const store::StoredMessage& message,
                                               std::uint64_t size);

// One message with the recipients that fit into a transaction, and another one with the next, in
// their order; at least one.
[[nodiscard]] std::vector<store::StoredMessage> by_transaction(
    store::StoredMessage message, std::size_t max_recipients = kMaxRecipientsPerTransaction);

// What follows from the outcomes of a transaction.
struct AfterTransaction {
  std::optional<Outcome> failure;  // of the session or the host: no further message
  bool goes_on = true;             // with the next message
  bool more = false;               // the server closed behind its answer: messages may be left
  bool culprit = false;            // the session failed in this message's transaction, for now
  // It did so twice running: others go first from now on.
  bool steps_aside = false;
};
// `closing`: the server closed behind its answer. `suspect`: the session before failed in this very
// message.
[[nodiscard]] AfterTransaction after_transaction(const std::vector<Outcome>& outcomes, bool closing,
                                                 bool suspect);

// Some recipient's mail was taken.
[[nodiscard]] bool is_taken(const std::vector<Outcome>& outcomes);

// A refusal in words of TLS or certificates is the message's own matter where the path is known to
// work for others: another recipient's mail was taken with it, or other mail on this session
// (`others_taken`), or it is refused again after others went through (`refused_before`). A trial
// proves that first.
[[nodiscard]] bool is_own_refusal(const std::vector<Outcome>& outcomes, bool trial,
                                  bool refused_before, bool others_taken);

// The original is read for a DSN: somebody is told of its failure, or asked to be told of success.
[[nodiscard]] bool needs_original(const store::StoredMessage& message,
                                  const std::vector<Outcome>& outcomes);

// RFC 5321 s5.1: a host that cannot take mail now is followed by the next one, in the same attempt.
// Not after a message that it took: then it is no host that is down.
[[nodiscard]] bool next_host_is_tried(const std::optional<Outcome>& failure, bool host_was_usable,
                                      bool path_worked);

// A file in a drop directory, or why there is none.
[[nodiscard]] Outcome drop_outcome(const Result<void>& written);

}  // namespace postern::relay
