// One session of sending: find a usable host of the destination, then one transaction a message,
// oldest first, until nothing is left to do or something fails. What became of each recipient is
// durable before the next message is begun.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/executor.h"
#include "relay/next_hop.h"
#include "relay/pulse.h"
#include "relay/refused_mail.h"
#include "store/store.h"

namespace postern::relay {

// Messages that a session has claimed and not begun. The session's loop alone touches them.
using Todo = std::deque<store::StoredMessage>;
// Their claims go back: others may take them while the session hangs. On the session's loop; false:
// there were none.
bool give_back(store::Store& store, const std::string& destination, Todo& todo);

struct DeliveryRequest {
  policy::Destination destination;
  std::optional<verdict::PolicyException> exception;
  bool trial = false;   // behind a blocker: one message alone, the oldest unless it was refused
  RefusedMail refused;  // in the dialogue, by words of TLS or certificates
  unsigned max_messages = 100;
  std::optional<MessageId> suspect;  // ended the session before: the second time others go first
  std::shared_ptr<const std::atomic<bool>> stopping;  // the gateway's end: no further message
  std::shared_ptr<Pulse> pulse = std::make_shared<Pulse>();  // shows whether it hangs
  std::shared_ptr<Todo> todo = std::make_shared<Todo>();
};

// What the session came to; told to the scheduler on its loop.
struct DeliveryReport {
  std::uint64_t delivered = 0;     // recipients
  std::uint64_t messages = 0;      // messages whose transaction came to an end, whatever it was
  bool path_worked = false;        // a verdict was clean and the next hop answered a transaction
  bool more = false;               // stopped although messages may be left (limit, or host changed)
  std::optional<Outcome> failure;  // of session or host scope: what the destination waits for
  std::optional<NextHopLook> look;   // without its session: verdict, evidence, findings, targets
  std::optional<MessageId> culprit;  // in whose transaction the session failed, temporarily
  std::vector<Heard> heard;          // what it says of mail refused in the dialogue, in order
};

// A message that waits for a reason of its own, a temporary failure of it or of a recipient: still
// claimed, to be tried again after back-off.
struct Deferral {
  MessageId message;
  std::string last_error;  // empty: none of the peer (the store could not take the outcome)
  std::string code = "none";
};

// How a session talks to the scheduler while it runs; all are called on the session's loop.
struct DeliveryHooks {
  // Nothing left: true when there may be new messages a moment later. Empty: the session ends at
  // once.
  std::function<io::Task<bool>()> wait_for_more;
  // New messages entered the queue (DSNs): their destinations.
  std::function<void(std::vector<std::string>)> on_accepted;
  // The next hop answered a transaction, the first one of this session.
  std::function<void()> on_worked;
  // A message waits aside from now on; the claim is the scheduler's.
  std::function<void(Deferral)> on_deferred;
  // A message went through and more wait than this session holds: others may join.
  std::function<void()> on_backlog;
  // Messages were found that the present configuration routes elsewhere.
  std::function<void()> on_moved;
};

// Runs on `executor`'s loop. A host that refuses for now is followed by the next one in the same
// attempt (RFC 5321 s5.1). A failure that no later attempt can mend (null MX, no such domain) fails
// every message of the destination.
[[nodiscard]] io::Task<DeliveryReport> run_delivery(Context& context, io::Executor executor,
                                                    TlsSessions& tls_sessions,
                                                    DeliveryRequest request, DeliveryHooks hooks);

// A probe: the look without mail. QUIT where a session came up.
[[nodiscard]] io::Task<NextHopLook> run_probe(Context& context, io::Executor executor,
                                              TlsSessions& tls_sessions,
                                              policy::Destination destination,
                                              std::optional<verdict::PolicyException> exception);

}  // namespace postern::relay
