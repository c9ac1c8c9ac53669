// What a transaction came to, as writes to the store: recipients' states, trace events, verdicts,
// receipts, DSNs. Pure but for reading the original message for a DSN.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "relay/delivery.h"
#include "relay/notices.h"
#include "relay/outcome.h"

namespace postern::relay {

// Facts of the session that outcomes refer to.
struct SessionFacts {
  policy::Destination destination;
  observe::Target target;
  verdict::Verdict verdict;                           // with its id
  std::optional<verdict::PolicyException> exception;  // that the policy of the session had
  SessionId session;
  bool dsn_offered = false;  // the host reports success itself (RFC 3461 s5.2.2)
  bool eight_bit_offered =
      true;           // 8BITMIME; without it 8-bit bodies go as they are, and it is recorded
  bool drop = false;  // delivered into a drop directory: no host, no TLS
};

// `outcomes` parallel to message.recipients. `original` is read (once) only when a DSN is due.
struct Recorded {
  store::Batch batch;
  std::vector<std::string> accepted;  // destinations of DSNs that the batch puts into the queue
  bool deferred = false;  // some recipient stays pending for a temporary reason of its own
};
[[nodiscard]] Recorded record_outcomes(store::Store& store, const policy::Config& config,
                                       const store::StoredMessage& message,
                                       const std::vector<Outcome>& outcomes,
                                       const SessionFacts& facts, Time now);

// How waiting ended: "queue.expire" by time, or "queue.return" by an operator.
struct Ending {
  std::string event;
  std::string by;  // the operator
};
// The end of waiting: every recipient of `message` is marked expired, and the sender told why.
// Blocking: reads the original.
[[nodiscard]] Recorded record_expiry(store::Store& store, const policy::Config& config,
                                     const store::StoredMessage& message, const Outcome& why,
                                     const std::string& remote_mta, Ending ending, Time now);

// All of `more` behind what `batch` holds.
void append(store::Batch& batch, store::Batch more);

// One event of a message as a whole, or of one recipient.
[[nodiscard]] store::Event make_event(MessageId message, std::int64_t recipient, Time now,
                                      std::string name, const Json& data);

// The receipt of one delivered recipient: peer, reference identifier, chain thumbprints, version,
// cipher, policy and who set it, time.
[[nodiscard]] Json tls_receipt(const SessionFacts& facts, Time now);

// The octets of the original that a DSN returns. Blocking.
[[nodiscard]] std::string read_original(store::Store& store, const store::StoredMessage& message,
                                        bool full);

}  // namespace postern::relay
